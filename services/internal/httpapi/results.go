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
	if _, err := s.ownBatch(ctx, r.ID); err != nil {
		return nil, err
	}
	limit, err := pageLimit(r.Params.Limit, defaultExportLimit, maxExportLimit)
	if err != nil {
		return nil, err
	}
	results := resultsList(r.ID)
	after, err := results.after(r.Params.Cursor)
	if err != nil {
		return nil, err
	}
	calls, next, err := s.Store.ListCalls(ctx, call.Filter{BatchID: r.ID}, call.Page{After: after, Limit: limit})
	if err != nil {
		return nil, err
	}
	page, err := resultsPage(calls, after == "")
	if err != nil {
		return nil, err
	}
	answer := api.ExportBatchResults200TextCSVResponse{Body: bytes.NewReader(page), ContentLength: int64(len(page))}
	if cursor := results.cursor(next); cursor != nil {
		query := url.Values{"cursor": {*cursor}, "limit": {strconv.Itoa(limit)}}
		link := fmt.Sprintf(`<%s/batches/%s/results.csv?%s>; rel="next"`, api.BasePath, r.ID, query.Encode())
		answer.Headers.Link = &link
	}
	return answer, nil
}

func resultsPage(calls []call.Call, header bool) ([]byte, error) {
	var page bytes.Buffer
	w := csv.NewWriter(&page)
	w.UseCRLF = true // RFC 4180
	if header {
		if err := w.Write(resultColumns); err != nil {
			return nil, err
		}
	}
	for _, c := range calls {
		cells, err := resultCells(c)
		if err != nil {
			return nil, err
		}
		if err := w.Write(cells); err != nil {
			return nil, err
		}
	}
	w.Flush()
	return page.Bytes(), w.Error()
}

func resultCells(c call.Call) ([]string, error) {
	metadata, err := json.Marshal(nonNil(c.Metadata))
	if err != nil {
		return nil, err
	}
	o, f := given(c.Outcome), given(c.Failure)
	cells := []string{
		strconv.Itoa(c.Row), c.Number, string(c.Status), c.ID, strconv.Itoa(c.Attempt), strconv.Itoa(c.Dials), strconv.Itoa(o.Duration),
		timeCell(o.RingingAt), timeCell(o.AnsweredAt), timeCell(c.EndedAt),
		o.CarrierReference, string(f.Reason), string(f.Cause), f.Message, string(metadata),
	}
	for i := range cells {
		cells[i] = harmless(cells[i])
	}
	return cells, nil
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
