package intake

import (
	"encoding/csv"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// What encoding/csv can read, the scanner reads in the same way, line for line.
func TestScannerReadsWhatEncodingCSVReads(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		comma := rapid.SampledFrom([]byte{',', ';', '\t'}).Draw(t, "comma")
		pieces := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "ü", " ", "\n", "\"", "\"\"", "\"x\"", "\"x\ny\"", string(comma), "|"}), 0, 30).Draw(t, "pieces")
		text := strings.Join(pieces, "")
		want := csv.NewReader(strings.NewReader(text))
		want.Comma, want.FieldsPerRecord = rune(comma), -1
		got := &scanner{text: text, comma: comma, line: 1}
		for {
			cells, err := want.Read()
			if cells == nil || err != nil {
				break // the end, or what the other one doesn't read
			}
			line, _ := want.FieldPos(0)
			r := recordOf(t, got, line)
			if r.malformed || !slices.Equal(r.cells, cells) {
				t.Fatalf("%q: got %q in line %d, want %q", text, r.cells, r.line, cells)
			}
		}
	})
}

// recordOf gives the record of a line, behind empty lines, which encoding/csv does not show.
func recordOf(t *rapid.T, s *scanner, line int) record {
	for {
		r, ok, err := s.next()
		switch {
		case !ok || err != nil || r.line > line:
			t.Fatalf("got no record of line %d, but one of line %d, error %v", line, r.line, err)
		case r.line == line:
			return r
		case !slices.Equal(r.cells, []string{""}):
			t.Fatalf("got %q in line %d, which is empty", r.cells, r.line)
		}
	}
}
