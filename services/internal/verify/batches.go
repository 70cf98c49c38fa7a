package verify

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/outdial/outdial/services/internal/call"
)

// rowSum is what the records say of a batch's rows. Calls come in the order of
// ids, which is that of rows.
type rowSum struct {
	batch  call.Batch
	counts call.Counts
	last   int // ordinal of the last call met

	chunk  int // number of the chunk that rows are of; -1: none yet
	rows   []call.Row
	passed int // calls that neither are over nor are asked to be, among those that the batch's cancel has visited
}

// inBatch counts a call in its batch, sees that no row before it is missing, and
// that it was made from its row.
func (k *checker) inBatch(c call.Call) error {
	if c.BatchID == "" {
		return nil
	}
	sum := k.rows[c.BatchID]
	if sum == nil {
		sum = &rowSum{chunk: -1}
		k.rows[c.BatchID] = sum
		var err error
		if sum.batch, err = k.Store.Batch(k.ctx, c.BatchID); err != nil && !errors.Is(err, call.ErrNotFound) {
			return err
		}
	}
	*tally(&sum.counts, c.Status)++
	n := ordinal(c)
	switch {
	case n <= sum.last:
		k.find(CheckBatches, c.ID, "call %s is of batch %s, but its id is not made of the batch and a row", c.ID, c.BatchID)
		return nil
	case n > sum.last+1:
		k.find(CheckBatches, c.BatchID, "batch %s has no call of its rows %d to %d, but one of row %d: no row may get lost", c.BatchID, sum.last+1, n-1, n)
	}
	sum.last = n
	if n <= sum.batch.CanceledTo && sum.batch.State == call.StateCanceled && !c.Status.Final() && !c.CancelRequested {
		sum.passed++
	}
	return k.ofRow(c, sum, n)
}

// ordinal is the place of a batch's call among the batch's accepted rows, from
// 1; 0 when its id tells none.
func ordinal(c call.Call) int {
	_, digits, _ := strings.Cut(c.ID, "-")
	n, err := strconv.Atoi(digits)
	if err != nil || call.BatchCallID(c.BatchID, n) != c.ID {
		return 0
	}
	return n
}

// ofRow checks that a call has the line and the number of the row it was made from.
func (k *checker) ofRow(c call.Call, sum *rowSum, n int) error {
	size := sum.batch.ChunkRows
	if k.Contents == nil || size == 0 {
		return nil
	}
	if chunk := (n - 1) / size; chunk != sum.chunk {
		var err error
		if sum.rows, err = k.chunk(c.BatchID, chunk); err != nil {
			return err
		}
		sum.chunk = chunk
	}
	if at := (n - 1) % size; at >= len(sum.rows) || sum.rows[at].Line != c.Row || sum.rows[at].Number != c.Number {
		k.find(CheckBatches, c.ID, "call %s has another line or number than row %d of batch %s, which it was made from", c.ID, n, c.BatchID)
	}
	return nil
}

// chunk reads a chunk of accepted rows; none when it isn't there.
func (k *checker) chunk(batchID string, n int) ([]call.Row, error) {
	rows, err := k.Contents.Chunk(k.ctx, batchID, n)
	if errors.Is(err, call.ErrNotFound) {
		return nil, nil
	}
	return rows, err
}

func (k *checker) batches() error {
	p := call.Page{Limit: page}
	for {
		batches, next, err := k.Store.ListBatches(k.ctx, "", p)
		if err != nil {
			return err
		}
		for _, b := range batches {
			if err := k.batch(b); err != nil {
				return fmt.Errorf("batch %s: %w", b.ID, err)
			}
		}
		if next == "" {
			break
		}
		p.After = next
	}
	for _, id := range slices.Sorted(maps.Keys(k.rows)) {
		k.find(CheckBatches, id, "batch %s has calls and no record", id)
	}
	return nil
}

func (k *checker) batch(b call.Batch) error {
	k.report.Checked.Batches++
	k.report.Checked.Rows += b.Rows
	k.owners[b.Owner] = true
	k.sum(b.Lane()).lane.Closed = b.State != call.StateActive
	sum := k.rows[b.ID]
	if sum == nil {
		sum = &rowSum{}
	}
	delete(k.rows, b.ID)
	k.cursors(b, sum)
	got, err := k.Store.BatchCounts(k.ctx, b.ID)
	if err != nil {
		return err
	}
	want := sum.counts
	want.Waiting += b.Rows - b.Expanded
	if got != want {
		k.find(CheckBatches, b.ID, "batch %s counts%s, but its calls and rows are%s: both must be equal", b.ID, countsOf(counted(got)), countsOf(counted(want)))
	}
	k.mustBeDue(call.DueBatch, b.ID, b.Due)
	if k.Contents == nil {
		return nil
	}
	return errors.Join(k.chunks(b), k.refused(b))
}

// cursors checks how far a batch is expanded and canceled.
func (k *checker) cursors(b call.Batch, sum *rowSum) {
	if sum.counts.Total() != b.Expanded || sum.last != b.Expanded {
		k.find(CheckBatches, b.ID, "batch %s is expanded to %d rows and has %d calls, the last of row %d: all must be equal",
			b.ID, b.Expanded, sum.counts.Total(), sum.last)
	}
	if b.Expanded > b.Rows || b.CanceledTo > b.Expanded {
		k.find(CheckBatches, b.ID, "batch %s is canceled to row %d and expanded to row %d of %d: none may be beyond the next",
			b.ID, b.CanceledTo, b.Expanded, b.Rows)
	}
	unfinished := b.Expanded < b.Rows || (b.State == call.StateCanceled && b.CanceledTo < b.Rows)
	if unfinished == b.Due.IsZero() {
		k.find(CheckBatches, b.ID, "batch %s: expanded %d, cancel at %d of %d rows, %s, due %s: it must be due exactly while something is left to do",
			b.ID, b.Expanded, b.CanceledTo, b.Rows, b.State, at(b.Due))
	}
	if sum.passed > 0 {
		k.find(CheckBatches, b.ID, "batch %s is canceled, and its cancel has passed %d calls that go on: each must be over, or be asked to end", b.ID, sum.passed)
	}
}

// chunks checks that all rows that were accepted are there.
func (k *checker) chunks(b call.Batch) error {
	n := 0
	for chunk := 0; b.ChunkRows > 0 && chunk*b.ChunkRows < b.Rows; chunk++ {
		rows, err := k.chunk(b.ID, chunk)
		if err != nil {
			return err
		}
		n += len(rows)
	}
	if n != b.Rows {
		k.find(CheckBatches, b.ID, "batch %s accepted %d rows and has %d: no row may get lost", b.ID, b.Rows, n)
	}
	return nil
}

// refused checks that every refused row is listed.
func (k *checker) refused(b call.Batch) error {
	n, after := 0, 0
	for {
		rows, err := k.Contents.Refused(k.ctx, b.ID, after, page)
		if err != nil {
			return err
		}
		if n += len(rows); len(rows) < page {
			break
		}
		after = rows[len(rows)-1].Line
	}
	if n != b.Refused {
		k.find(CheckBatches, b.ID, "batch %s refused %d rows and lists %d: both must be equal", b.ID, b.Refused, n)
	}
	return nil
}

// tally is where a batch counts a call of this status.
func tally(n *call.Counts, s call.Status) *int {
	switch {
	case s == call.Queued:
		return &n.Waiting
	case s.Active():
		return &n.Active
	case s == call.Completed:
		return &n.Completed
	case s == call.Busy:
		return &n.Busy
	case s == call.NoAnswer:
		return &n.NoAnswer
	case s == call.Canceled:
		return &n.Canceled
	case s == call.Expired:
		return &n.Expired
	}
	return &n.Failed
}

// count is a number with its name.
type count struct {
	name string
	n    int
}

func counted(n call.Counts) []count {
	return []count{
		{"waiting", n.Waiting},
		{"active", n.Active},
		{"completed", n.Completed},
		{"busy", n.Busy},
		{"no-answer", n.NoAnswer},
		{"failed", n.Failed},
		{"canceled", n.Canceled},
		{"expired", n.Expired},
	}
}

// countsOf tells those that are not zero, as " 3 ready, 1 retry".
func countsOf(all []count) string {
	var told []string
	for _, c := range all {
		if c.n != 0 {
			told = append(told, fmt.Sprintf(" %d %s", c.n, c.name))
		}
	}
	if told == nil {
		return " nothing"
	}
	return strings.Join(told, ",")
}
