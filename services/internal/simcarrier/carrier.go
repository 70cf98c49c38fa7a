package simcarrier

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/filelock"
)

// Carrier is a simulated carrier. Any number of them, in any processes, may
// share a folder; their clocks must agree.
type Carrier struct {
	config Config
	now    func() time.Time
}

var _ carrier.Carrier = (*Carrier)(nil)

// Open makes the carrier's folder if it isn't there.
func Open(c Config, now func() time.Time) (*Carrier, error) {
	if err := c.Validate(); err != nil {
		return nil, fmt.Errorf("simulated carrier: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(c.Dir, endsName), privateDir); err != nil {
		return nil, fmt.Errorf("simulated carrier: %w", err)
	}
	return &Carrier{config: c, now: now}, nil
}

// Create dials: the call is in the log, durably, before it gives the reference.
// It may be there, too, after any error but a *carrier.RefusedError.
func (c *Carrier) Create(ctx context.Context, r carrier.Request) (string, error) {
	switch {
	case !strings.HasPrefix(r.Number, "+"):
		return "", &carrier.RefusedError{Code: "21211", Message: "The number is not in E.164."}
	case r.Number == NumberRefused:
		return "", &carrier.RefusedError{Code: "21214", Message: "The number can't be reached."}
	case r.Number == NumberDeadLine:
		return "", fmt.Errorf("create: no answer: %w", carrier.ErrUnclear)
	}
	if err := ctx.Err(); err != nil {
		return "", fmt.Errorf("create: %w: %w", carrier.ErrUnclear, err)
	}
	d, err := appendDial(c.config.Dir, func() Dial { return c.config.script(r, c.now()) })
	if err != nil {
		return "", fmt.Errorf("create: %w: %w", carrier.ErrUnclear, err)
	}
	if r.Number == NumberLostAnswer {
		return "", fmt.Errorf("create: the answer got lost: %w", carrier.ErrUnclear)
	}
	return d.Reference, nil
}

// Find searches the log backwards for the call.
func (c *Carrier) Find(_ context.Context, callID string, attempt int, nonce string) (string, bool, error) {
	data, err := readLog(c.config.Dir)
	if err != nil {
		return "", false, fmt.Errorf("find: %w", err)
	}
	lines := bytes.Split(bytes.TrimSuffix(data, []byte("\n")), []byte("\n"))
	for _, line := range slices.Backward(lines) {
		var d Dial
		if !bytes.Contains(line, []byte(callID)) || json.Unmarshal(line, &d) != nil {
			continue
		}
		if d.CallID == callID && d.Attempt == attempt && d.Nonce == nonce {
			return d.Reference, true, nil
		}
	}
	return "", false, nil
}

// Status works out how the call is from the log and the clock.
func (c *Carrier) Status(_ context.Context, reference string) (state carrier.State, err error) {
	d, err := readDial(c.config.Dir, reference)
	if err != nil {
		return state, fmt.Errorf("status: %w", err)
	}
	err = c.locked(filelock.Shared, func() error {
		d.HungUpAt, err = readEnd(c.config.Dir, reference)
		state = d.State(c.now())
		return err
	})
	if err != nil {
		return carrier.State{}, fmt.Errorf("status: %w", err)
	}
	return state, nil
}

// End hangs up, unless the call is over.
func (c *Carrier) End(_ context.Context, reference string) error {
	d, err := readDial(c.config.Dir, reference)
	if err != nil {
		return fmt.Errorf("end: %w", err)
	}
	err = c.locked(filelock.Exclusive, func() error {
		now := c.now().UTC().Truncate(time.Microsecond)
		if d.HungUpAt, err = readEnd(c.config.Dir, reference); err != nil || d.State(now).Status.Final() {
			return err
		}
		return writeEnd(c.config.Dir, reference, now)
	})
	if err != nil {
		return fmt.Errorf("end: %w", err)
	}
	return nil
}

// locked reads the clock and the ends as one step. Else a call that was seen to
// end by itself could be hung up by somebody who read the clock just before.
func (c *Carrier) locked(lock func(*os.File) error, do func() error) (err error) {
	f, err := os.OpenFile(filepath.Join(c.config.Dir, lockName), os.O_RDWR|os.O_CREATE, private)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := lock(f); err != nil {
		return err
	}
	return do()
}
