package deadletters

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/call"
)

// MaxCounted bounds the dead letters that one count reads.
const MaxCounted = 5_000

// countPage is how many of them are read at once.
const countPage = 500

// Counts are dead letters by cause, the most frequent first.
type Counts struct {
	Total  int
	More   bool // than MaxCounted; only the newest were counted
	Causes []OfCause
}

// OfCause are the dead letters of one cause. The one that failed last is the example.
type OfCause struct {
	Cause           call.DeadLetterCause
	Count           int
	Message         string // of the example, a sentence
	CallID          string // of the example
	FirstAt, LastAt time.Time
}

// Count counts the dead letters that match.
func (s *Service) Count(ctx context.Context, f call.DeadLetterFilter) (Counts, error) {
	var n Counts
	page := call.Page{Limit: countPage, Desc: true}
	for {
		calls, next, err := s.Store.ListDeadLetters(ctx, f, page)
		if err != nil {
			return Counts{}, fmt.Errorf("list dead letters: %w", err)
		}
		for i := range calls {
			n.add(calls[i])
		}
		n.More = next != "" && n.Total >= MaxCounted
		if next == "" || n.More {
			break
		}
		page.After = next
	}
	slices.SortFunc(n.Causes, func(a, b OfCause) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), strings.Compare(string(a.Cause), string(b.Cause)))
	})
	return n, nil
}

func (n *Counts) add(c call.Call) {
	n.Total++
	i := slices.IndexFunc(n.Causes, func(of OfCause) bool { return of.Cause == c.Failure.Cause })
	if i < 0 {
		n.Causes = append(n.Causes, OfCause{Cause: c.Failure.Cause, FirstAt: c.EndedAt})
		i = len(n.Causes) - 1
	}
	of := &n.Causes[i]
	of.Count++
	if of.CallID == "" || c.EndedAt.After(of.LastAt) {
		of.LastAt, of.CallID, of.Message = c.EndedAt, c.ID, c.Failure.Message
	}
	if c.EndedAt.Before(of.FirstAt) {
		of.FirstAt = c.EndedAt
	}
}
