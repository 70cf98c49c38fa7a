package intake

import (
	"encoding/csv"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/nyaruka/phonenumbers"

	"github.com/outdial/outdial/contracts/examples"
)

// FuzzRecords: every record stands in the line that it is said to stand in,
// encoding/csv reads the same wherever it reads anything, and a list has exactly
// as many rows as its file has records below the column names.
func FuzzRecords(f *testing.F) {
	for _, e := range slices.Concat(examples.Valid(examples.Lists), examples.Invalid(examples.Lists)) {
		f.Add(e.Data)
	}
	f.Add([]byte("sep=|\r\nphone|note\r+442079460958|\"two\nlines\"\n\n+442079460959|bare \" quote\n"))
	f.Fuzz(func(t *testing.T, file []byte) {
		text, bad := decode(file)
		if bad != nil {
			return
		}
		records, whole := allRecords(t, text)
		checkLines(t, text, records)
		checkAgainstEncodingCSV(t, text, records)
		if whole && len(records) > 0 {
			checkRows(t, file, records)
		}
	})
}

// allRecords are the records of a text; whole says that none is beyond reading.
func allRecords(t *testing.T, text string) (records []record, whole bool) {
	s := newScanner(text)
	for {
		r, ok, err := s.next()
		switch {
		case err != nil:
			if lines := 1 + strings.Count(text, "\n"); err.line < 1 || err.line > lines {
				t.Errorf("the mistake is in line %d of %d: %s", err.line, lines, err.detail)
			}
			return records, false
		case !ok:
			return records, true
		}
		r.cells = slices.Clone(r.cells)
		records = append(records, r)
	}
}

// checkLines reads each record once more, from the beginning of its line on.
func checkLines(t *testing.T, text string, records []record) {
	lines := strings.SplitAfter(text, "\n")
	comma := newScanner(text).comma
	before := 0
	for _, want := range records {
		if want.line <= before || want.line > len(lines) {
			t.Fatalf("a record in line %d of %d, after one in line %d", want.line, len(lines), before)
		}
		before = want.line
		s := &scanner{text: strings.Join(lines[want.line-1:], ""), line: want.line, comma: comma}
		got, ok, err := s.next()
		if !ok || err != nil || got.malformed != want.malformed || !slices.Equal(got.cells, want.cells) {
			t.Fatalf("line %d holds %q (error %v), and not %q", want.line, got.cells, err, want.cells)
		}
	}
}

func checkAgainstEncodingCSV(t *testing.T, text string, records []record) {
	s := newScanner(text)
	theirs := csv.NewReader(strings.NewReader(s.text))
	theirs.Comma, theirs.FieldsPerRecord = rune(s.comma), -1
	skipped := s.line - 1 // the line that names the separator
	for {
		cells, err := theirs.Read()
		if err != nil {
			return // the end, or what it can't read
		}
		line, _ := theirs.FieldPos(0)
		i, ok := slices.BinarySearchFunc(records, line+skipped, func(r record, line int) int { return r.line - line })
		if !ok || records[i].malformed || !slices.Equal(records[i].cells, cells) {
			t.Fatalf("encoding/csv reads %q in line %d, where we read other things: %+v", cells, line+skipped, records)
		}
	}
}

func checkRows(t *testing.T, file []byte, records []record) {
	rows := -1 // the column names are none
	for _, r := range records {
		if r.malformed || r.filled() {
			rows++
		}
	}
	l := &list{most: rows + 1}
	if err := l.read(BatchRequest{CSV: file}); err == nil && len(l.accepted)+len(l.refused) != rows {
		t.Errorf("%d rows are accepted and %d refused of %d", len(l.accepted), len(l.refused), rows)
	}
}

// e164 is a number as ITU-T E.164 has it: at most 15 digits with the country code.
var e164 = regexp.MustCompile(`^\+[1-9][0-9]{4,14}$`)

var manyDigits = regexp.MustCompile(`[0-9]{6,}`)

// FuzzNumber: whatever is written, a number that is called is a valid one in
// E.164, stays the same when it is checked again, and no refusal repeats it.
func FuzzNumber(f *testing.F) {
	for _, written := range []string{
		"+1 202-555-0100", "0044 20 7946 0958", "tel:+49-30-901820", "=\"015228817386\"", "４４２０", "110", "+49110", "+18005550199",
		"+39 06 698 1", "+870773111632", "4.9E+11", "030 1234567/8", "+1 (202) 555-0100 ext. 5", "+٤٤٢٠٧٩٤٦٠٩٥٨", "+800 1234 5678",
	} {
		for _, region := range []string{"", "US", "DE", "it"} {
			f.Add(written, region)
		}
	}
	everything := NumberPolicy{}
	for kind := range kindNames {
		everything = append(everything, kind)
	}
	f.Fuzz(func(t *testing.T, written, region string) {
		known, ok := knownRegion(region)
		if !ok {
			known = ""
		}
		if _, bad := (numberChecker{everything}).check(written, known); bad.code != "" && bad.message == "" {
			t.Errorf("refused as %s without a word", bad.code)
		}
		number, bad := numberChecker{}.check(written, known)
		if bad.code != "" {
			if number != "" || bad.message == "" || manyDigits.MatchString(bad.message) {
				t.Errorf("refused as %s, with the number %q: %s", bad.code, number, bad.message)
			}
			return
		}
		parsed, err := phonenumbers.Parse(number, "")
		if !e164.MatchString(number) || err != nil || !phonenumbers.IsValidNumber(parsed) {
			t.Fatalf("%q would be called, which is no number (%v)", number, err)
		}
		for _, region := range []string{"", known, "US"} {
			if again, bad := (numberChecker{}).check(number, region); again != number {
				t.Errorf("%s becomes %q (%+v) when it is checked again for %q", number, again, bad, region)
			}
		}
	})
}
