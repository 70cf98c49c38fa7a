package simcarrier

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
)

// Numbers that always go the same way. They are valid, and reserved for fiction
// (202-555-0100 to 0199), so that nobody is called by mistake on a real carrier.
const (
	NumberAnswered   = "+12025550100"
	NumberBusy       = "+12025550101"
	NumberNoAnswer   = "+12025550102"
	NumberFailure    = "+12025550103"
	NumberRefused    = "+12025550104"
	NumberLongTalk   = "+12025550105"
	NumberDeadLine   = "+12025550106"
	NumberLostAnswer = "+12025550107"
	NumberStuck      = "+12025550108"
)

// Number is a number that always goes the same way, and a sentence that says which.
type Number struct{ Number, Does string }

// Numbers lists them for people.
var Numbers = []Number{
	{NumberAnswered, "is answered and talks for a while"},
	{NumberBusy, "is busy"},
	{NumberNoAnswer, "rings until the ring timeout; nobody answers"},
	{NumberFailure, "is dialed, but can't be connected: failed with the carrier's error 503"},
	{NumberRefused, "is refused by the carrier with its code 21214; nothing is dialed"},
	{NumberLongTalk, "is answered and talks until the time limit"},
	{NumberDeadLine, "the line to the carrier is dead: the request gets no answer, nothing is dialed, and looking it up never finds a call"},
	{NumberLostAnswer, "is dialed and answered, but the carrier's answer to the request gets lost; looking it up finds the call"},
	{NumberStuck, "stays in the carrier's queue and never rings, until it is ended"},
}

// errorUnavailable is the SIP response that a failed call reports.
const errorUnavailable = "503"

// The pace of a call before the speed: from dialing to ringing, from ringing to
// answering, and from dialing to the carrier's no.
const (
	minSetup, maxSetup   = 500 * time.Millisecond, 2500 * time.Millisecond
	minPickUp, maxPickUp = 2 * time.Second, 15 * time.Second
	minNo, maxNo         = time.Second, 4 * time.Second
)

// script works out the whole course of a call that is dialed now.
func (c Config) script(r carrier.Request, now time.Time) Dial {
	now = now.UTC().Truncate(time.Microsecond)
	d := Dial{CallID: r.CallID, Attempt: r.Attempt, Nonce: r.Nonce, Number: r.Number, At: now}
	after := func(from time.Time, wait time.Duration) time.Time {
		return from.Add(time.Duration(float64(wait) / c.Speed)).Truncate(time.Microsecond)
	}
	draws := c.draws(r)
	d.Status = outcome(r.Number, draws.Float64(), c)
	setup, pickUp := between(draws, minSetup, maxSetup), between(draws, minPickUp, maxPickUp)
	no, talk := between(draws, minNo, maxNo), c.talk(draws)

	switch d.Status {
	case carrier.Queued: // for ever
		return d
	case carrier.Busy, carrier.Failed:
		d.EndAt = after(now, no)
		if d.Status == carrier.Failed {
			d.ErrorCode = errorUnavailable
		}
		return d
	}
	d.RingAt = after(now, setup)
	if d.Status == carrier.NoAnswer || pickUp > r.RingTimeout {
		d.Status, d.EndAt = carrier.NoAnswer, after(d.RingAt, r.RingTimeout)
		return d
	}
	if r.Number == NumberLongTalk {
		talk = r.TimeLimit
	}
	d.AnswerAt = after(d.RingAt, pickUp)
	d.EndAt = after(d.AnswerAt, min(talk, r.TimeLimit))
	return d
}

// outcome is how a call to the number ends; Queued when it never does by itself.
func outcome(number string, x float64, c Config) carrier.Status {
	switch number {
	case NumberAnswered, NumberLongTalk, NumberLostAnswer:
		return carrier.Completed
	case NumberBusy:
		return carrier.Busy
	case NumberNoAnswer:
		return carrier.NoAnswer
	case NumberFailure:
		return carrier.Failed
	case NumberStuck:
		return carrier.Queued
	}
	switch {
	case x < c.Answer:
		return carrier.Completed
	case x < c.Answer+c.Busy:
		return carrier.Busy
	case x < c.Answer+c.Busy+c.Fail:
		return carrier.Failed
	}
	return carrier.NoAnswer
}

// draws is the call's own randomness.
func (c Config) draws(r carrier.Request) *rand.Rand {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d/%s/%d/%s", c.Seed, r.CallID, r.Attempt, r.Number))
	a, b := binary.BigEndian.Uint64(sum[:8]), binary.BigEndian.Uint64(sum[8:16])
	return rand.New(rand.NewPCG(a, b)) //nolint:gosec // no secret: the same call must go the same way again
}

func between(draws *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(draws.Float64()*float64(most-least))
}

// talk draws a length of talk: many short ones, few long ones.
func (c Config) talk(draws *rand.Rand) time.Duration {
	long := time.Duration(draws.ExpFloat64() * float64(c.Talk-c.TalkMin))
	return min(c.TalkMin+long, c.TalkMax)
}
