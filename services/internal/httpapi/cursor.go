package httpapi

import (
	"encoding/base64"
	"encoding/json"
	"regexp"
	"strings"

	"github.com/outdial/outdial/contracts/api"
)

// list is a list that is read in pages. Its cursors say whose they are, so that
// one of another list is refused and doesn't give an empty page or a wrong one.
type list struct {
	name string
	at   func() *regexp.Regexp // what stands in its cursors: where a page ended
}

var (
	callsList       = list{"calls", callID}
	batchesList     = list{"batches", batchID}
	deadLettersList = list{"dead-letters", callID}
	lineOfFile      = pattern(`^[1-9][0-9]{0,8}$`)
)

// The lists of one batch.

func membersList(batchID string) list { return list{batchID + "/calls", callID} }
func resultsList(batchID string) list { return list{batchID + "/results.csv", callID} }
func refusedList(batchID string) list { return list{batchID + "/refused", lineOfFile} }

// cursor names the last item of a page. "" stays none: there is no next page.
func (l list) cursor(last string) *string {
	if last == "" {
		return nil
	}
	cursor := base64.RawURLEncoding.EncodeToString([]byte(l.name + " " + last))
	return &cursor
}

// after is the item behind which a page begins; "" for the first page.
func (l list) after(cursor *string) (string, error) {
	if cursor == nil {
		return "", nil
	}
	decoded, err := base64.RawURLEncoding.Strict().DecodeString(*cursor)
	last, ok := strings.CutPrefix(string(decoded), l.name+" ")
	if err != nil || !ok || !l.at().MatchString(last) {
		return "", placedError(api.ProblemCodeCursorInvalid, "cursor", api.FieldErrorCodeInvalid,
			"The cursor is not one that this list gave. Take next_cursor as it came, or begin without a cursor.")
	}
	return last, nil
}

// Sizes of a page.
const (
	defaultLimit       = 50
	maxLimit           = 200
	defaultRefused     = 100
	maxRefused         = 1_000
	defaultExportLimit = 1_000
	maxExportLimit     = 10_000
)

func pageLimit(asked *int, standard, most int) (int, error) {
	if asked == nil {
		return standard, nil
	}
	if *asked < 1 || *asked > most {
		return 0, fieldError("limit", api.FieldErrorCodeOutOfRange, "limit is %d; it must be from 1 to %d.", *asked, most)
	}
	return *asked, nil
}

// mostBytes bounds a page besides its limit. Lambda lets 6 MB of an answer out, in
// which a body is a string of JSON: each of its quotes and backslashes counts twice.
const mostBytes = 3_000_000

// room is what a page has used of mostBytes.
type room struct{ used int }

// takes uses so many bytes more, if they fit. The first item always does: a page
// has to lead on.
func (r *room) takes(bytes int) bool {
	if r.used > 0 && r.used+bytes > mostBytes {
		return false
	}
	r.used += bytes
	return true
}

// fitting ends a page early when there is no room for all of its items. It gives
// those that fit, and the last of them; with all of them, next as it was.
func fitting[T any](items []T, next string, id func(T) string) ([]T, string, error) {
	var r room
	for i, item := range items {
		encoded, err := json.Marshal(item)
		if err != nil {
			return nil, "", err
		}
		if !r.takes(len(encoded)) {
			return items[:i], id(items[i-1]), nil
		}
	}
	return items, next, nil
}
