package intake_test

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"github.com/nyaruka/phonenumbers"

	"github.com/outdial/outdial/services/internal/intake"
)

const benchRows = 100_000

// benchNumbers are as many different numbers of several countries, written as people do.
func benchNumbers() []string {
	numbers := make([]string, benchRows)
	for i := range numbers {
		n := i / 4
		switch i % 4 {
		case 0:
			numbers[i] = fmt.Sprintf("0152 28%06d", n)
		case 1:
			numbers[i] = fmt.Sprintf("+44 20 79%02d %04d", n/10_000, n%10_000)
		case 2:
			numbers[i] = fmt.Sprintf("+1 (202) %03d-%04d", 200+n/10_000, n%10_000)
		default:
			numbers[i] = fmt.Sprintf("+33 6 12 %02d %02d %02d", n/10_000, n/100%100, n%100)
		}
	}
	return numbers
}

// BenchmarkList checks a file of 100,000 rows, and compares with nothing but
// parsing the same numbers and telling whether they are valid.
func BenchmarkList(b *testing.B) {
	numbers := benchNumbers()
	file := bytes.NewBufferString("name;phone;city\r\n")
	for i, number := range numbers {
		fmt.Fprintf(file, "Person %d;%s;\"Köln; Altstadt\"\r\n", i, number)
	}
	bundle := newBundle(b)
	request := intake.BatchRequest{CSV: file.Bytes(), Region: "DE", DryRun: true}
	var bare, whole time.Duration
	b.ReportAllocs()
	for b.Loop() {
		start := time.Now()
		for _, number := range numbers {
			if n, err := phonenumbers.Parse(number, "DE"); err != nil || !phonenumbers.IsValidNumber(n) {
				b.Fatalf("%s is not valid: %v", number, err)
			}
		}
		bare += time.Since(start)

		start = time.Now()
		a, err := bundle.SubmitBatch(b.Context(), owner, request, nil)
		if err != nil || a.Value.Batch.Rows != benchRows {
			b.Fatalf("got %d rows, refused %v, error %v", a.Value.Batch.Rows, a.Value.Batch.RefusedByCode, err)
		}
		whole += time.Since(start)
	}
	b.ReportMetric(bare.Seconds()*1e6/float64(b.N*benchRows), "µs/number-bare")
	b.ReportMetric(whole.Seconds()*1e6/float64(b.N*benchRows), "µs/row")
	b.ReportMetric(whole.Seconds()/bare.Seconds(), "ratio")
}
