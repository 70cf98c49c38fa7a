package intake_test

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
)

// madeRow is a row of a file that was made up, and what must come of it.
type madeRow struct {
	cells   []string
	code    string // "": accepted; "skip": nobody's row
	network int    // of accepted rows and duplicates: which number
}

const skipped = "skip"

func drawRow(t *rapid.T, comma string) madeRow {
	network := rapid.IntRange(0, 12).Draw(t, "number")
	number := fmt.Sprintf("+1 202-555-%04d", 100+network)
	note := rapid.SampledFrom([]string{"", "x", "\"quoted\"", "\"two\nlines\"", "\"a" + comma + "b\"", "\"\"\"\""}).Draw(t, "note")
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	switch kind {
	case 0:
		return madeRow{cells: []string{""}, code: skipped}
	case 1:
		return madeRow{cells: []string{" ", "", ""}, code: skipped}
	case 2:
		return madeRow{cells: []string{"", "someone"}, code: intake.CodePhoneNumberMissing}
	case 3:
		return madeRow{cells: []string{"020", note}, code: intake.CodePhoneNumberInvalid}
	case 4:
		return madeRow{cells: []string{"911", note}, code: intake.CodeNumberNotCallable}
	case 5:
		return madeRow{cells: []string{number, "x", "y", "too many"}, code: intake.CodeMalformed}
	case 6:
		return madeRow{cells: []string{number, "a \"bare\" quote"}, code: intake.CodeMalformed}
	case 7:
		return madeRow{cells: []string{number, strings.Repeat("ü", 501)}, code: intake.CodeMetadataInvalid}
	}
	return madeRow{cells: []string{number, note}, network: network}
}

// Whatever stands in a file, each of its rows is accepted, refused or skipped,
// under its own line, and none of them has an effect on another but as its duplicate.
func TestEveryRowOfAFileIsAccountedFor(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		comma := rapid.SampledFrom([]string{",", ";", "\t"}).Draw(t, "comma")
		end := rapid.SampledFrom([]string{"\n", "\r\n", "\r"}).Draw(t, "line end")
		var file strings.Builder
		file.WriteString(rapid.SampledFrom([]string{"", "\ufeff"}).Draw(t, "mark"))
		write := func(cells ...string) { file.WriteString(strings.Join(cells, comma) + end) }
		write("phone", "note", "other")
		line := 2
		var accepted, refused []string
		seen := map[int]bool{}
		for range rapid.IntRange(1, 30).Draw(t, "rows") {
			row := drawRow(t, comma)
			write(row.cells...)
			if row.code == "" && seen[row.network] {
				row.code = intake.CodeDuplicateNumber
			}
			switch row.code {
			case skipped:
			case "":
				seen[row.network] = true
				accepted = append(accepted, fmt.Sprintf("%d +1202555%04d", line, 100+row.network))
			default:
				refused = append(refused, fmt.Sprintf("%d %s", line, row.code))
			}
			line += 1 + strings.Count(strings.Join(row.cells, ""), "\n")
		}

		b := newBundle(t)
		a, err := b.SubmitBatch(t.Context(), owner, intake.BatchRequest{CSV: []byte(file.String()), Region: "US"}, nil)
		if len(accepted) == 0 {
			if err == nil {
				t.Fatalf("a file without a good row was accepted:\n%q", file.String())
			}
			return
		}
		if err != nil {
			t.Fatalf("%v:\n%q", err, file.String())
		}
		var got []string
		for _, row := range b.rows(t, a.Value.Batch) {
			got = append(got, fmt.Sprintf("%d %s", row.Line, row.Number))
		}
		if !slices.Equal(got, accepted) {
			t.Errorf("accepted\n%q, want\n%q, of\n%q", got, accepted, file.String())
		}
		if got := refusals(a.Value.RefusedRows); !slices.Equal(got, refused) {
			t.Errorf("refused\n%q, want\n%q, of\n%q", got, refused, file.String())
		}
	})
}

// FuzzCSV: no bytes make the reader panic, lose a row, or call what isn't a number.
func FuzzCSV(f *testing.F) {
	for _, e := range slices.Concat(examples.Valid(examples.Lists), examples.Invalid(examples.Lists)) {
		f.Add(e.Data)
	}
	f.Add([]byte("sep=;\r\nphone;=\"region\"\r\n=\"+442079460958\";\"\"\"\r\n"))
	f.Add([]byte("phone\n+49 152 28817386 ext 1/\n4.9E+11\ntel:112;ext=\n"))
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{3,16}$`)
	f.Fuzz(func(t *testing.T, file []byte) {
		b := newBundle(t)
		b.Limits.MaxRows, b.Limits.ChunkRows = 50, 7
		a, err := b.SubmitBatch(t.Context(), owner, intake.BatchRequest{CSV: file, Region: "GB"}, nil)
		if err != nil {
			for _, p := range problems(t, err) {
				if p.Code == "" || p.Detail == "" || p.Field == "" {
					t.Errorf("a problem says too little: %+v", p)
				}
			}
			return
		}
		got := a.Value.Batch
		rows := b.rows(t, got)
		refused, err := b.store.Refused(t.Context(), got.ID, 0, 1_000)
		if err != nil || len(rows) != got.Rows || len(refused) != got.Refused {
			t.Fatalf("stored %d and %d rows, counted %d and %d, error %v", len(rows), len(refused), got.Rows, got.Refused, err)
		}
		byCode := 0
		for _, n := range got.RefusedByCode {
			byCode += n
		}
		if byCode != got.Refused {
			t.Errorf("counted %d refused rows by code, %d in all", byCode, got.Refused)
		}
		var all []int
		for _, row := range rows {
			if all = append(all, row.Line); !e164.MatchString(row.Number) {
				t.Errorf("row %d would call %q", row.Line, row.Number)
			}
		}
		for _, row := range refused {
			if all = append(all, row.Line); len([]rune(row.Value)) > 6 {
				t.Errorf("row %d shows %q", row.Line, row.Value)
			}
		}
		slices.Sort(all)
		if len(slices.Compact(all)) != len(rows)+len(refused) {
			t.Errorf("a line stands twice: %v", all)
		}
		for _, part := range [][]int{linesOf(rows, func(r call.Row) int { return r.Line }), linesOf(refused, func(r call.RefusedRow) int { return r.Line })} {
			if !slices.IsSortedFunc(part, cmp.Compare[int]) {
				t.Errorf("lines are not in order: %v", part)
			}
		}
	})
}

func linesOf[T any](rows []T, line func(T) int) []int {
	lines := make([]int, len(rows))
	for i, row := range rows {
		lines[i] = line(row)
	}
	return lines
}
