package cli

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
)

func statusTone(s api.CallStatus) tone {
	switch s {
	case api.CallStatusCompleted:
		return toneGood
	case api.CallStatusFailed:
		return toneBad
	case api.CallStatusBusy, api.CallStatusNoAnswer, api.CallStatusExpired:
		return toneWarn
	case api.CallStatusCanceled:
		return toneDim
	case api.CallStatusLaunching, api.CallStatusStarting, api.CallStatusRinging, api.CallStatusInProgress:
		return toneLive
	default:
		return toneNone
	}
}

var callHeader = []string{"ID", "STATUS", "NUMBER", "CREATED", "TALK", "WHY"}

func (a *app) callRow(c api.Call) []cell {
	return []cell{
		text(c.ID), toned(statusTone(c.Status), string(c.Status)), text(c.PhoneNumber), a.out.when(c.CreatedAt),
		a.talk(c), text(why(a.out, c)),
	}
}

// talk is how long they talked: seconds, for people with their unit.
func (a *app) talk(c api.Call) cell {
	switch {
	case c.Outcome == nil || c.Outcome.Duration == nil:
		return cell{right: true}
	case a.out.Terminal:
		return cell{text: elapsed(time.Duration(*c.Outcome.Duration) * time.Second), right: true}
	default:
		return cell{text: strconv.Itoa(*c.Outcome.Duration), right: true}
	}
}

// why says in a few words why a call waits or failed.
func why(p *printer, c api.Call) string {
	switch {
	case c.Failure != nil && c.Failure.Cause != nil:
		return fmt.Sprintf("%s (%s): %s", c.Failure.Reason, *c.Failure.Cause, c.Failure.Message)
	case c.Failure != nil:
		return fmt.Sprintf("%s: %s", c.Failure.Reason, c.Failure.Message)
	default:
		return whyWaiting(p, c.Waiting)
	}
}

func whyWaiting(p *printer, w *api.Waiting) string {
	switch {
	case w == nil:
		return ""
	case w.Until == nil:
		return plain(string(w.Reason))
	default:
		return plain(fmt.Sprintf("%s until %s", w.Reason, p.time(*w.Until)))
	}
}

// showCall prints a call, with its steps if history says so.
func (a *app) showCall(c api.Call, history bool) {
	pairs := []pair{
		{"id", text(c.ID)},
		{"status", toned(statusTone(c.Status), string(c.Status))},
		{"number", text(c.PhoneNumber)},
	}
	add := func(name, value string) {
		if value != "" {
			pairs = append(pairs, pair{name, text(value)})
		}
	}
	add("waits", whyWaiting(a.out, c.Waiting))
	if c.Failure != nil {
		add("failure", why(a.out, c))
	}
	add("talk", a.talk(c).text)
	add("attempt", strconv.Itoa(c.Attempt))
	add("dials", strconv.Itoa(c.Dials))
	if c.CancelRequested && !isFinal(c.Status) {
		add("cancel", "requested")
	}
	if c.BatchID != nil {
		add("batch", *c.BatchID)
	}
	if c.Row != nil {
		add("row", strconv.Itoa(*c.Row))
	}
	if c.Outcome != nil && c.Outcome.CarrierReference != nil {
		add("carrier", *c.Outcome.CarrierReference)
	}
	for _, key := range slices.Sorted(maps.Keys(c.Metadata)) {
		add("meta", key+"="+c.Metadata[key])
	}
	pairs = append(pairs, agentPairs(c.Agent)...)
	add("created", a.out.time(c.CreatedAt))
	if c.EndedAt != nil {
		add("ended", a.out.time(*c.EndedAt))
	}
	a.out.record(pairs)
	if history {
		a.out.line("")
		a.out.grid([]string{"TIME", "STATUS", "ATTEMPT", "CAUSE"}, a.historyRows(c.History))
	}
}

func (a *app) historyRows(entries []api.HistoryEntry) [][]cell {
	rows := make([][]cell, len(entries))
	for i, e := range entries {
		rows[i] = []cell{a.out.when(e.At), toned(statusTone(e.Status), string(e.Status)), a.out.number(e.Attempt), text(e.Cause)}
	}
	return rows
}

func agentPairs(s api.AgentSettings) []pair {
	var pairs []pair
	add := func(name string, value *string) {
		if value != nil && *value != "" {
			pairs = append(pairs, pair{name, text(*value)})
		}
	}
	add("instructions", s.Instructions)
	add("voice", s.Voice)
	add("first words", s.FirstWords)
	add("language", s.Language)
	if s.TimeLimit != nil {
		pairs = append(pairs, pair{"time limit", text(fmt.Sprintf("%d s", *s.TimeLimit))})
	}
	return pairs
}

func batchTone(s api.BatchStatus) tone {
	switch s {
	case api.BatchStatusCompleted:
		return toneGood
	case api.BatchStatusPaused:
		return toneWarn
	case api.BatchStatusCanceled:
		return toneDim
	default:
		return toneLive
	}
}

// count is how many calls of a batch have one status.
type count struct {
	name string
	n    int
	tone tone
}

// outcomes are the counts of the final statuses.
func outcomes(c api.BatchCounts) []count {
	final := func(s api.CallStatus, n int) count { return count{string(s), n, statusTone(s)} }
	return []count{
		final(api.CallStatusCompleted, c.Completed), final(api.CallStatusBusy, c.Busy), final(api.CallStatusNoAnswer, c.NoAnswer),
		final(api.CallStatusFailed, c.Failed), final(api.CallStatusCanceled, c.Canceled), final(api.CallStatusExpired, c.Expired),
	}
}

func ended(c api.BatchCounts) int {
	sum := 0
	for _, o := range outcomes(c) {
		sum += o.n
	}
	return sum
}

func isOver(b api.Batch) bool { return b.Counts.Waiting+b.Counts.Active == 0 }

// percent rounds down, so that 100 means all.
func percent(n, of int) int {
	if of == 0 {
		return 100
	}
	return n * 100 / of
}

// showBatch prints a batch and a table of its calls' statuses.
func (a *app) showBatch(b api.Batch) {
	pairs := []pair{{"id", text(b.ID)}}
	if b.Name != nil && *b.Name != "" {
		pairs = append(pairs, pair{"name", text(*b.Name)})
	}
	pairs = append(
		pairs,
		pair{"status", toned(batchTone(b.Status), string(b.Status))},
		pair{"rows", a.out.number(b.Rows)},
		pair{"refused", a.countByCode(b.Refused, b.RefusedByCode)},
		pair{"created", a.out.when(b.CreatedAt)},
	)
	pairs = append(pairs, agentPairs(b.Agent)...)
	a.out.record(pairs)
	a.showCounts(b)
}

// showCounts prints how many calls have which status; what hasn't ended stands first.
func (a *app) showCounts(b api.Batch) {
	var rows [][]cell
	counts := append([]count{{"waiting", b.Counts.Waiting, toneNone}, {"active", b.Counts.Active, toneLive}}, outcomes(b.Counts)...)
	for _, c := range counts {
		if c.n == 0 {
			continue
		}
		rows = append(rows, []cell{
			toned(c.tone, c.name), a.out.number(c.n),
			{text: fmt.Sprintf("%d %%", percent(c.n, b.Rows)), right: true},
		})
	}
	if len(rows) > 0 {
		a.out.line("")
		a.out.grid([]string{"STATUS", "CALLS", "SHARE"}, rows)
	}
}

var batchHeader = []string{"ID", "STATUS", "ROWS", "ENDED", "REFUSED", "CREATED", "NAME"}

func (a *app) batchRow(b api.Batch) []cell {
	name := ""
	if b.Name != nil {
		name = *b.Name
	}
	return []cell{
		text(b.ID), toned(batchTone(b.Status), string(b.Status)), a.out.number(b.Rows), a.out.number(ended(b.Counts)),
		a.out.number(b.Refused), a.out.when(b.CreatedAt), text(name),
	}
}

// countByCode is "3 (duplicate_number 1, phone_number_invalid 2)".
func (a *app) countByCode(n int, byCode map[string]int) cell {
	if n == 0 {
		return a.out.number(n)
	}
	var codes []string
	for _, code := range slices.Sorted(maps.Keys(byCode)) {
		codes = append(codes, code+" "+a.out.count(byCode[code]))
	}
	return toned(toneWarn, fmt.Sprintf("%s (%s)", a.out.count(n), strings.Join(codes, ", ")))
}

var refusedHeader = []string{"ROW", "VALUE", "CODE", "REASON"}

func (a *app) refusedRow(r api.RefusedRow) []cell {
	return []cell{a.out.number(r.Row), text(r.Value), toned(toneWarn, string(r.Code)), text(r.Message)}
}
