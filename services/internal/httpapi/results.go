package httpapi

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

var resultColumns = []string{
	"row", "phone_number", "status", "id", "attempt", "dials", "duration", "ringing_at", "answered_at", "ended_at",
	"carrier_reference", "reason", "cause", "message", "metadata",
}

// ExportBatchResults gives a page of a batch's calls as CSV. Only the first page
// has the column names, so that the pages put together are one file.
func (s *Server) ExportBatchResults(ctx context.Context, r api.ExportBatchResultsRequestObject) (api.ExportBatchResultsResponseObject, error) {
	b, err := s.ownBatch(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit, defaultExportLimit, maxExportLimit)
	if err != nil {
		return nil, err
	}
	after, err := resultsAfter(r.ID, r.Params)
	if err != nil {
		return nil, err
	}
	// Before the page: what is read when nothing can change any more is the last word.
	counts, err := s.Store.BatchCounts(ctx, r.ID)
	if err != nil {
		return nil, err
	}
	again, err := s.pollOfBatch(ctx, b, counts)
	if err != nil {
		return nil, err
	}
	page, next, err := s.resultsPage(ctx, r.ID, after, limit, r.Params.Cursor == nil)
	if err != nil {
		return nil, err
	}
	link := nextResults(r.ID, next, limit)
	etag := bytesETag(page, []byte(link)) // a page that was the last one gets a next one while the list is expanded
	if matches(r.Params.IfNoneMatch, etag) {
		return api.ExportBatchResults304Response{Headers: api.NotModifiedResponseHeaders{ETag: etag, RetryAfter: again}}, nil
	}
	return api.ExportBatchResults200TextCSVResponse{
		Body: bytes.NewReader(page), ContentLength: int64(len(page)),
		Headers: api.ExportBatchResults200ResponseHeaders{ETag: etag, Link: optional(link), RetryAfter: again},
	}, nil
}

// resultsAfter is the call behind which a page begins; "" for the first. The calls
// that are skipped need not be read, because ids tell their places.
func resultsAfter(batchID string, p api.ExportBatchResultsParams) (string, error) {
	switch {
	case p.Skip == nil:
		return resultsList(batchID).after(p.Cursor)
	case p.Cursor != nil:
		return "", fieldError("skip", api.FieldErrorCodeConflict, "Give either skip or cursor: a cursor says already where the page begins.")
	case *p.Skip < 0:
		return "", fieldError("skip", api.FieldErrorCodeOutOfRange, "skip is %d; it must be 0 or more.", *p.Skip)
	case *p.Skip == 0:
		return "", nil
	}
	return call.BatchCallID(batchID, min(*p.Skip, api.MaxRows)), nil // no batch has more
}

// nextResults is the link to the page behind a call; "" when there is none.
func nextResults(batchID, next string, limit int) string {
	cursor := resultsList(batchID).cursor(next)
	if cursor == nil {
		return ""
	}
	query := url.Values{"cursor": {*cursor}, "limit": {strconv.Itoa(limit)}}
	return fmt.Sprintf(`<%s/batches/%s/results.csv?%s>; rel="next"`, api.BasePath, batchID, query.Encode())
}

// resultsRead is how many calls are read at once: a page that ends early should
// not have read ten thousand.
const resultsRead = 500

// resultsPage is the page behind a call, with the column names or without, and
// where the next page begins.
func (s *Server) resultsPage(ctx context.Context, batchID, after string, limit int, named bool) (page []byte, next string, err error) {
	lines := &csvLines{}
	if named {
		if _, err := lines.add(resultColumns); err != nil {
			return nil, "", err
		}
	}
	for rows := 0; rows < limit; {
		calls, more, err := s.Store.ListCalls(ctx, call.Filter{BatchID: batchID}, call.Page{After: after, Limit: min(limit-rows, resultsRead)})
		if err != nil {
			return nil, "", err
		}
		for _, c := range calls {
			cells, err := resultCells(c)
			if err != nil {
				return nil, "", err
			}
			if fits, err := lines.add(cells); err != nil || !fits {
				return lines.page.Bytes(), after, err
			}
			after, rows = c.ID, rows+1
		}
		if next = more; next == "" {
			break
		}
	}
	return lines.page.Bytes(), next, nil
}

// csvLines are lines of a page, as long as there is room.
type csvLines struct {
	page, line bytes.Buffer
	room       room
}

// add adds a line, or tells that it doesn't fit any more.
func (l *csvLines) add(cells []string) (fits bool, err error) {
	l.line.Reset()
	w := csv.NewWriter(&l.line)
	w.UseCRLF = true // RFC 4180
	if err := w.Write(cells); err != nil {
		return false, err
	}
	w.Flush()
	if fits = l.room.takes(l.line.Len()); fits {
		l.page.Write(l.line.Bytes())
	}
	return fits, w.Error()
}

func resultCells(c call.Call) ([]string, error) {
	metadata, err := json.Marshal(nonNil(c.Metadata))
	if err != nil {
		return nil, err
	}
	o, f := given(c.Outcome), given(c.Failure)
	cells := []string{
		strconv.Itoa(c.Row), c.Number, string(c.Status), c.ID, strconv.Itoa(c.Attempt), strconv.Itoa(c.Dials), durationCell(o),
		timeCell(o.RingingAt), timeCell(o.AnsweredAt), timeCell(c.EndedAt),
		o.CarrierReference, string(f.Reason), string(f.Cause), f.Message, string(metadata),
	}
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	return cells, nil
}

// durationCell is empty where nobody answered. Who hung up at once has talked for 0 seconds.
func durationCell(o call.Outcome) string {
	if o.AnsweredAt.IsZero() && o.Duration == 0 {
		return ""
	}
	return strconv.Itoa(o.Duration)
}

func timeCell(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format("2006-01-02T15:04:05.000Z07:00")
}

// harmless keeps a spreadsheet from running a cell as a formula (OWASP, "CSV
// injection"). A phone number stays as it is: only "+" and digits run nothing.
func harmless(cell string) string {
	if cell == "" || !strings.ContainsRune("=+-@\t\r", rune(cell[0])) {
		return cell
	}
	if cell[0] == '+' && strings.Trim(cell[1:], "0123456789") == "" {
		return cell
	}
	return "'" + cell
}
