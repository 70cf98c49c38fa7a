package verify

import (
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// Dial is a call in the carrier's own log.
type Dial struct {
	Reference string
	CallID    string
	Attempt   int
	Nonce     string
	Number    string
	At        time.Time   // when it was dialed
	EndedAt   time.Time   // when it ended or will end, by itself or hung up; zero: never
	HungUp    bool        // somebody ended it
	Status    call.Status // how it ends: completed, busy, no-answer, failed or canceled
}

// readDials sorts the log by calls.
func (k *checker) readDials() error {
	k.report.Checked.Dials = len(k.Dials)
	for i, d := range k.Dials {
		k.dialsOf[d.CallID] = append(k.dialsOf[d.CallID], i)
	}
	return nil
}

// carrier holds what the carrier's log says of a call against its claims and its end.
func (k *checker) carrier(c call.Call, claims []call.Claim) {
	byAttempt := map[int]call.Claim{}
	for _, claim := range claims {
		byAttempt[claim.Attempt] = claim
	}
	times := map[int]int{} // dialed, by attempt
	var known []Dial       // those of attempts that this call has claimed
	for _, i := range k.dialsOf[c.ID] {
		d := k.Dials[i]
		claim, ok := byAttempt[d.Attempt]
		if !ok || claim.Holder != call.HolderAgent {
			continue // see strayDials
		}
		k.seen[i] = true
		if times[d.Attempt]++; times[d.Attempt] == 2 {
			k.find(CheckCarrier, c.ID, "call %s, attempt %d was dialed again: an attempt dials at most once", c.ID, d.Attempt)
		}
		if d.Nonce != claim.Nonce || d.Number != claim.Number {
			k.find(CheckCarrier, c.ID, "call %s, attempt %d was dialed by another than its claim's holder, or to another number (%s)", c.ID, d.Attempt, d.Reference)
		}
		if k.before(d.At, claim.TakenAt) {
			k.find(CheckCarrier, c.ID, "call %s, attempt %d was dialed at %s, before its claim was taken at %s", c.ID, d.Attempt, at(d.At), at(claim.TakenAt))
		}
		known = append(known, d)
	}
	k.apart(c, known)
	k.references(c, claims, known)
	if c.Status.Final() {
		k.over(c, known)
	}
}

// apart: no two dials of a call go on at the same time.
func (k *checker) apart(c call.Call, dials []Dial) {
	for i := 1; i < len(dials); i++ {
		first, second := dials[i-1], dials[i]
		if first.EndedAt.IsZero() || k.before(second.At, first.EndedAt) {
			k.find(CheckCarrier, c.ID, "call %s was dialed for attempt %d at %s, while its dial for attempt %d went on: never two at once",
				c.ID, second.Attempt, at(second.At), first.Attempt)
		}
	}
}

// references: what a claim says it dialed is in the log.
func (k *checker) references(c call.Call, claims []call.Claim, dials []Dial) {
	for _, claim := range claims {
		reference := claim.CarrierReference
		if reference == "" {
			continue
		}
		found := false
		for _, d := range dials {
			found = found || (d.Attempt == claim.Attempt && d.Reference == reference)
		}
		if !found {
			k.find(CheckCarrier, c.ID, "call %s, attempt %d has the carrier's reference %s, but the carrier has no such dial of it", c.ID, claim.Attempt, reference)
		}
	}
}

// over holds a final call against the log: as often dialed, all of it over before
// its slot went back, and ended as the carrier says.
func (k *checker) over(c call.Call, dials []Dial) {
	unclear := c.Failure != nil && c.Failure.Reason == call.ReasonCarrierUnclear // perhaps dialed, and counted
	if c.Dials != len(dials) && (!unclear || c.Dials != len(dials)+1) {
		k.find(CheckCarrier, c.ID, "call %s counts %d dials, but the carrier has %d: both must be equal", c.ID, c.Dials, len(dials))
	}
	for _, d := range dials {
		if d.EndedAt.IsZero() || (!k.AnyClock && d.EndedAt.After(c.EndedAt.Add(k.Skew+stampedTo))) {
			if unclear && d.Attempt == c.Attempt {
				continue // it could not be found, and so not be ended
			}
			k.find(CheckCarrier, c.ID, "call %s is %s since %s, but its dial of attempt %d goes on until %s: its slot went back too early",
				c.ID, c.Status, at(c.EndedAt), d.Attempt, untilWhen(d.EndedAt))
		}
		if o := c.Outcome; o != nil && o.CarrierReference == d.Reference && !agrees(*o, d) {
			k.find(CheckCarrier, c.ID, "call %s has the outcome %s, but the carrier's log says %s", c.ID, o.Status, d.Status)
		}
	}
}

// stampedTo is the precision of a record's times; the log's is finer.
const stampedTo = time.Millisecond

func untilWhen(t time.Time) string {
	if t.IsZero() {
		return "it is hung up, which nobody did"
	}
	return at(t)
}

// agrees tells whether an outcome is what the log says.
func agrees(o call.Outcome, d Dial) bool {
	switch {
	case o.Status == call.Canceled:
		return d.HungUp
	case o.Status == call.Failed && o.Reason == call.ReasonCarrierError:
		return d.Status == call.Failed || d.HungUp // beyond its limits
	case o.Status == call.Failed:
		return true // its agent could not tell
	}
	return o.Status == d.Status
}

// strayDials: each dial is of an attempt whose claim an agent holds, unless it
// may have been claimed after the snapshot was taken.
func (k *checker) strayDials() error {
	for i, d := range k.Dials {
		if !k.seen[i] && i < k.DialsBefore {
			k.find(CheckCarrier, d.CallID, "call %s, attempt %d was dialed (%s), though no agent holds its claim: nobody may dial without", d.CallID, d.Attempt, d.Reference)
		}
	}
	return nil
}
