package intake

import (
	"fmt"
	"maps"
	"unicode/utf8"

	"github.com/outdial/outdial/services/internal/call"
)

// list is the rows of a request as they are checked, one after the other.
type list struct {
	numbers         numberChecker
	most            int
	region          string            // of rows without their own
	metadata        map[string]string // of every row
	allowDuplicates bool

	seen     map[string]int // E.164 → the line that is called
	accepted []call.Row
	refused  []call.RefusedRow
	byCode   map[string]int
}

// listError says why a list can't be read at all.
type listError struct {
	line   int // 0: of the whole list
	code   string
	detail string
}

func listErrorf(line int, code, format string, args ...any) *listError {
	return &listError{line, code, fmt.Sprintf(format, args...)}
}

// entry is a row before it is checked.
type entry struct {
	line     int // the file's, or the place among JSON rows, from 1
	number   string
	region   string
	metadata map[string]string
}

// read checks all rows of the request.
func (l *list) read(r BatchRequest) *listError {
	l.seen, l.byCode = map[string]int{}, map[string]int{}
	if r.CSV != nil {
		return l.readCSV(r.CSV, r.NumberColumn)
	}
	if len(r.Rows) > l.most {
		return listErrorf(l.most+1, CodeTooManyRows, "The list has %s rows; at most %s are allowed. Split it.", thousands(len(r.Rows)), thousands(l.most))
	}
	for i, row := range r.Rows {
		l.add(entry{line: i + 1, number: row.PhoneNumber, region: row.Region, metadata: row.Metadata})
	}
	return nil
}

// add checks one row, which is accepted or refused.
func (l *list) add(e entry) {
	row, bad := l.check(e)
	if bad.code != "" {
		l.refuse(e.line, e.number, bad)
		return
	}
	l.seen[row.Number] = e.line
	l.accepted = append(l.accepted, row)
}

func (l *list) refuse(line int, written string, bad refusal) {
	l.byCode[bad.code]++
	l.refused = append(l.refused, call.RefusedRow{Line: line, Value: mask(written), Code: bad.code, Message: bad.message})
}

func (l *list) full() bool { return len(l.accepted)+len(l.refused) >= l.most }

func (l *list) check(e entry) (call.Row, refusal) {
	number, bad := l.number(e)
	if bad.code != "" {
		return call.Row{}, bad
	}
	metadata, bad := l.merged(e.metadata)
	if bad.code != "" {
		return call.Row{}, bad
	}
	if first, twice := l.seen[number]; twice && !l.allowDuplicates {
		return call.Row{}, refusal{CodeDuplicateNumber, fmt.Sprintf("The same number stands in row %d already.", first)}
	}
	return call.Row{Line: e.line, Number: number, Metadata: metadata}, refusal{}
}

// number checks the row's number, which its own region may say how to read.
func (l *list) number(e entry) (string, refusal) {
	switch {
	case isEmpty(e.number):
		return "", refusal{CodePhoneNumberMissing, "The row has no phone number."}
	case longer(e.number, MaxWritten):
		return "", invalid("This is not a phone number: it has %s characters.", thousands(utf8.RuneCountInString(e.number)))
	case isEmpty(e.region):
		return l.numbers.check(e.number, l.region)
	}
	if region, ok := knownRegion(e.region); ok {
		return l.numbers.check(e.number, region)
	}
	number, bad := l.numbers.check(e.number, "")
	if bad.code != "" { // an international number is clear without it
		return "", invalid("The row's region is %s; it must be a country's two letters (ISO 3166-1 alpha-2), such as GB.", quoted(e.region))
	}
	return number, refusal{}
}

// merged is the row's metadata with the batch's. Rows without their own share one map, which nobody changes.
func (l *list) merged(own map[string]string) (map[string]string, refusal) {
	if _, code, why := metadataMistake(own); code != "" {
		return nil, refusal{CodeMetadataInvalid, why}
	}
	if len(l.metadata) == 0 || len(own) == 0 {
		if len(own) == 0 {
			own = l.metadata
		}
		return own, refusal{}
	}
	all := maps.Clone(l.metadata)
	maps.Copy(all, own)
	if len(all) > MaxMetadata {
		return nil, refusal{CodeMetadataInvalid, fmt.Sprintf("The metadata has %d keys together with the batch's; at most %d are allowed.", len(all), MaxMetadata)}
	}
	return all, refusal{}
}
