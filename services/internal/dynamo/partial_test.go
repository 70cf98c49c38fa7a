package dynamo_test

import (
	"encoding/json"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

// piecemeal is a road on which DynamoDB works requests of several items off bit by
// bit, as it may when it is busy: of what is read the half, and of what is written
// nothing for the first two times.
type piecemeal struct {
	t testing.TB

	mu    sync.Mutex
	puts  int
	parts int // answers that left something undone
}

type keysAsked struct {
	RequestItems map[string]struct {
		Keys           []attributes
		ConsistentRead bool
	}
}

// RoundTrip passes on what it has DynamoDB work off.
func (p *piecemeal) RoundTrip(r *http.Request) (*http.Response, error) {
	switch operationOf(r) {
	case "BatchGetItem":
		return p.get(r)
	case "BatchWriteItem":
		p.mu.Lock()
		defer p.mu.Unlock()
		if p.puts++; p.puts%3 != 0 {
			p.parts++
			var ask map[string]any
			asked(p.t, r, &ask)
			return says(r, 200, `{"UnprocessedItems":`+encoded(p.t, ask["RequestItems"])+`}`), nil
		}
	}
	return http.DefaultTransport.RoundTrip(r)
}

// get has the first half of the keys read, and says that the others were not.
func (p *piecemeal) get(r *http.Request) (*http.Response, error) {
	var ask, rest keysAsked
	asked(p.t, r, &ask)
	asked(p.t, r, &rest)
	undone := false
	for table, of := range ask.RequestItems {
		later := rest.RequestItems[table]
		half := (len(of.Keys) + 1) / 2
		of.Keys, later.Keys = of.Keys[:half], of.Keys[half:]
		ask.RequestItems[table], rest.RequestItems[table] = of, later
		undone = undone || len(later.Keys) > 0
	}
	if !undone {
		return http.DefaultTransport.RoundTrip(r)
	}
	p.mu.Lock()
	p.parts++
	p.mu.Unlock()
	body := encoded(p.t, ask)
	less := r.Clone(r.Context())
	less.Body, less.ContentLength = io.NopCloser(strings.NewReader(body)), int64(len(body))
	response, err := http.DefaultTransport.RoundTrip(less)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var answer map[string]any
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		return nil, err
	}
	answer["UnprocessedKeys"] = rest.RequestItems
	return says(r, response.StatusCode, encoded(p.t, answer)), nil
}

// reads: a table whose every write was worked off bit by bit is read so, too, and
// then under faults.
func reads(t *testing.T) {
	table := newTable(t)
	p := &piecemeal{t: t}
	at := inhabit(t, openTable(t, table, p))
	t.Run("what DynamoDB works off bit by bit is finished", func(t *testing.T) { inPieces(t, table, p, at) })
	t.Run("what is cut short shows nothing, and what is repeated shows all", func(t *testing.T) { readFaults(t, table, at) })
}

func inPieces(t *testing.T, table string, p *piecemeal, at subject) {
	plain, slow := openTable(t, table, nil), openTable(t, table, p)
	for name, read := range readers(at) {
		truth, err := read(t.Context(), plain)
		must(t, err)
		if seen, err := read(t.Context(), slow); err != nil || !reflect.DeepEqual(seen, truth) {
			t.Errorf("%s sees %v, %v\nand not %v", name, seen, err, truth)
		}
	}
	many := []call.AttemptID{}
	for n := 1; n <= inhabitants; n++ {
		many = append(many, call.AttemptID{CallID: call.BatchCallID(at.batchID, n), Attempt: 1})
	}
	if read, err := slow.ReadAhead(t.Context(), many); err != nil || len(read.Calls) != len(many) {
		t.Errorf("%d calls are read ahead, %v", len(read.Calls), err)
	}
	if p.parts < 20 {
		t.Errorf("only %d answers left something undone", p.parts)
	}
}
