package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// listFlags say how much of a list is wanted.
type listFlags struct {
	limit  int
	all    bool
	cursor string
	given  *pflag.FlagSet
}

func (f *listFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	f.given = flags
	flags.IntVar(&f.limit, "limit", 50, "how many at most")
	flags.BoolVar(&f.all, "all", false, "all of them")
	flags.StringVar(&f.cursor, "cursor", "", "go on after the page whose next_cursor this is")
	cmd.MarkFlagsMutuallyExclusive("limit", "all")
}

// pageParams are the parameters of one page.
type pageParams struct {
	cursor *string
	limit  *int
}

// list reads a list page by page and prints it.
type list[T any] struct {
	*client
	to     *printer // nil: standard output
	flags  *listFlags
	key    string // what the items are called in a page
	page   int    // how many one page may have
	get    func(ctx context.Context, p pageParams) (*http.Response, error)
	header []string
	row    func(T) []cell
	none   string // said when there is nothing
}

func (l list[T]) run(ctx context.Context) error {
	if !l.flags.all && l.flags.limit < 1 {
		return usageError("--limit: %d is not at least 1", l.flags.limit)
	}
	var read atomic.Int64
	stop := l.meter(ctx, func() string { return fmt.Sprintf("%s read", l.screen.count(int(read.Load()))) })
	defer stop()
	if l.to == nil {
		l.to = l.out
	}
	sink := l.sink()
	cursor := optional(l.flags.cursor)
	for {
		items, next, err := l.next(ctx, cursor, int(read.Load()))
		if err != nil {
			return err
		}
		if next != nil && cursor != nil && *next == *cursor {
			return errors.New("the server gave the same page again")
		}
		read.Add(int64(len(items)))
		if err := sink.add(items); err != nil {
			return err
		}
		if cursor = next; cursor == nil || l.left(int(read.Load())) == 0 {
			break
		}
	}
	stop()
	sink.end(cursor)
	if l.to.err != nil {
		return l.to.err
	}
	l.tell(int(read.Load()), cursor)
	return nil
}

// left is how many items are still wanted, at most a page of them.
func (l list[T]) left(read int) int {
	if l.flags.all {
		return l.page
	}
	return min(l.page, l.flags.limit-read)
}

func (l list[T]) next(ctx context.Context, cursor *string, read int) ([]json.RawMessage, *string, error) {
	limit := l.left(read)
	answer, err := l.do(ctx, func(ctx context.Context) (*http.Response, error) {
		return l.get(ctx, pageParams{cursor, &limit})
	})
	if err != nil {
		return nil, nil, err
	}
	page, err := decode[map[string]json.RawMessage](answer)
	if err != nil {
		return nil, nil, err
	}
	var items []json.RawMessage
	var next *string
	if err := json.Unmarshal(page[l.key], &items); err != nil {
		return nil, nil, fmt.Errorf("the answer has no %s: %w", l.key, err)
	}
	if raw, ok := page["next_cursor"]; ok {
		if err := json.Unmarshal(raw, &next); err != nil {
			return nil, nil, fmt.Errorf("the answer's next_cursor: %w", err)
		}
	}
	return items, next, nil
}

// tell says what standard output doesn't show.
func (l list[T]) tell(read int, cursor *string) {
	switch {
	case l.app.flags.json:
	case read == 0:
		l.screen.note("%s", l.none)
	case cursor != nil && !l.flags.given.Changed("limit"):
		l.screen.note("There are more: --all shows all, --limit more of them.")
	}
}

// sink takes the items as they come.
type sink interface {
	add(items []json.RawMessage) error
	end(cursor *string)
}

func (l list[T]) sink() sink {
	if l.app.flags.json {
		return &jsonSink{out: l.to, key: l.key}
	}
	return &tableSink[T]{out: l.to, header: l.header, row: l.row}
}

// jsonSink puts the pages together to one document. A list that breaks off
// leaves a document that isn't closed, and so is never taken for a whole one.
type jsonSink struct {
	out   *printer
	key   string
	begun bool
}

func (s *jsonSink) add(items []json.RawMessage) error {
	for _, item := range items {
		if s.begun {
			s.out.write(",\n")
		} else {
			s.out.write(fmt.Sprintf("{%q:[\n", s.key))
		}
		s.begun = true
		s.out.write(s.out.readable(item))
	}
	return s.out.err
}

func (s *jsonSink) end(cursor *string) {
	if !s.begun {
		s.out.write(fmt.Sprintf("{%q:[", s.key))
	}
	if cursor == nil {
		s.out.write("]}\n")
		return
	}
	s.out.write(fmt.Sprintf("\n],\"next_cursor\":%s}\n", quoteJSON(*cursor)))
}

func quoteJSON(s string) []byte {
	quoted, err := json.Marshal(s)
	if err != nil {
		return []byte(`""`) // a string can always be encoded
	}
	return quoted
}

// tableSink prints rows: in a pipe as they come, on a terminal when the widths
// of the columns are known.
type tableSink[T any] struct {
	out    *printer
	header []string
	row    func(T) []cell
	rows   [][]cell
}

func (s *tableSink[T]) add(items []json.RawMessage) error {
	for _, item := range items {
		var value T
		if err := json.Unmarshal(item, &value); err != nil {
			return fmt.Errorf("the answer can't be read: %w", err)
		}
		s.rows = append(s.rows, s.row(value))
	}
	if !s.out.Terminal {
		s.out.list(s.header, s.rows)
		s.rows = nil
	}
	return s.out.err
}

func (s *tableSink[T]) end(*string) {
	if len(s.rows) > 0 {
		s.out.list(s.header, s.rows)
	}
}

// optional is nil for what isn't given.
func optional[T comparable](value T) *T {
	var none T
	if value == none {
		return nil
	}
	return &value
}

// given is the flag's value, or nil if it isn't on the command line.
func given[T any](flags *pflag.FlagSet, name string, value T) *T {
	if !flags.Changed(name) {
		return nil
	}
	return &value
}
