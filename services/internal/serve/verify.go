package serve

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/simcarrier"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

// ErrNoFolder says that there is no data folder where one was named.
var ErrNoFolder = errors.New("there is no data folder here: name that of `outdial serve`")

// Verify holds a data folder against the rules, and changes nothing in it. The
// server may run, be stopped or be killed: what is read is of one moment. Skew
// is how far this machine's clock may have been set back, and progress, which
// may be nil, is called now and then.
func Verify(ctx context.Context, data string, skew time.Duration, progress func(verify.Checked)) (report verify.Report, err error) {
	c := Config{Data: data}
	if info, err := os.Stat(data); errors.Is(err, fs.ErrNotExist) || (err == nil && !info.IsDir()) {
		return report, fmt.Errorf("%s: %w", data, ErrNoFolder)
	}
	// What the carrier has before the snapshot was claimed before it.
	before, err := simcarrier.ReadDials(c.carrierDir())
	if err != nil {
		return report, fmt.Errorf("the simulated carrier's log can't be read: %w", err)
	}
	snapshot, err := sqlite.OpenSnapshot(ctx, c.database())
	if err != nil {
		return report, err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	dials, err := simcarrier.ReadDials(c.carrierDir())
	if err != nil {
		return report, fmt.Errorf("the simulated carrier's log can't be read: %w", err)
	}
	d := verify.Data{Store: snapshot, Contents: snapshot, DialsBefore: len(before), Skew: skew, Progress: progress}
	for _, dial := range dials {
		d.Dials = append(d.Dials, dialed(dial))
	}
	return verify.Verify(ctx, d)
}

// dialed is a line of the carrier's log with its whole course, also what of it
// has not come yet.
func dialed(d simcarrier.Dial) verify.Dial {
	end := d.State(time.Unix(1<<40, 0))
	return verify.Dial{
		Reference: d.Reference, CallID: d.CallID, Attempt: d.Attempt, Nonce: d.Nonce, Number: d.Number,
		At: d.At, EndedAt: end.EndedAt, HungUp: !d.HungUpAt.IsZero(), Status: call.Status(end.Status),
	}
}
