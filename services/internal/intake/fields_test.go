package intake_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/intake"
)

func TestMistakesInFieldsSayWhereAndWhatIsRight(t *testing.T) {
	t.Parallel()
	tooMany := map[string]string{}
	for i := range 51 {
		tooMany[fmt.Sprint(i)] = "v"
	}
	tests := []struct {
		name              string
		change            func(r *intake.SingleRequest)
		field, code, says string
	}{
		{"no number", func(r *intake.SingleRequest) { r.PhoneNumber = " " }, "/phone_number", intake.CodeRequired, "missing"},
		{"a number of a hundred and one characters", func(r *intake.SingleRequest) { r.PhoneNumber = strings.Repeat("1", 101) }, "/phone_number", intake.CodeTooLong, "101 characters; at most 100"},
		{"a region that is none", func(r *intake.SingleRequest) { r.Region = "ZZ" }, "/region", intake.CodeInvalid, "such as GB"},
		{"a region in small letters", func(r *intake.SingleRequest) { r.Region = "gb" }, "/region", intake.CodeInvalid, "capital letters"},
		{"a region with a blank", func(r *intake.SingleRequest) { r.Region = "GB " }, "/region", intake.CodeInvalid, "capital letters"},
		{"a region of the whole world", func(r *intake.SingleRequest) { r.Region = "001" }, "/region", intake.CodeInvalid, "such as GB"},
		{"instructions too long", func(r *intake.SingleRequest) { r.Agent.Instructions = strings.Repeat("ä", 4_001) }, "/agent/instructions", intake.CodeTooLong, "4,001 characters; at most 4,000"},
		{"a voice too long", func(r *intake.SingleRequest) { r.Agent.Voice = strings.Repeat("v", 101) }, "/agent/voice", intake.CodeTooLong, "at most 100"},
		{"first words too long", func(r *intake.SingleRequest) { r.Agent.FirstWords = strings.Repeat("w", 501) }, "/agent/first_words", intake.CodeTooLong, "at most 500"},
		{"first words that are not UTF-8", func(r *intake.SingleRequest) { r.Agent.FirstWords = "J\xfcrgen" }, "/agent/first_words", intake.CodeInvalid, "UTF-8"},
		{"a language that is none", func(r *intake.SingleRequest) { r.Agent.Language = "the Queen's" }, "/agent/language", intake.CodeInvalid, "en-GB"},
		{"a language too long", func(r *intake.SingleRequest) { r.Agent.Language = "en" + strings.Repeat("-x", 17) }, "/agent/language", intake.CodeInvalid, "en-GB"},
		{"a time limit too short", func(r *intake.SingleRequest) { r.Agent.TimeLimit = new(9) }, "/agent/time_limit", intake.CodeOutOfRange, "is 9; it must be 10 to 3,600"},
		{"a time limit of nothing", func(r *intake.SingleRequest) { r.Agent.TimeLimit = new(0) }, "/agent/time_limit", intake.CodeOutOfRange, "is 0"},
		{"a time limit too long", func(r *intake.SingleRequest) { r.Agent.TimeLimit = new(3_601) }, "/agent/time_limit", intake.CodeOutOfRange, "is 3601"},
		{"too many keys", func(r *intake.SingleRequest) { r.Metadata = tooMany }, "/metadata", intake.CodeTooMany, "51 keys; at most 50"},
		{"an empty key", func(r *intake.SingleRequest) { r.Metadata = map[string]string{"": "v"} }, "/metadata/", intake.CodeInvalid, "1 to 64"},
		{"a key too long", func(r *intake.SingleRequest) { r.Metadata = map[string]string{strings.Repeat("k", 65): "v"} }, "/metadata/" + strings.Repeat("k", 65), intake.CodeTooLong, "65 characters; at most 64"},
		{"a key with the signs of a pointer", func(r *intake.SingleRequest) {
			r.Metadata = map[string]string{"a/b~c": strings.Repeat("v", 501)}
		}, "/metadata/a~1b~0c", intake.CodeTooLong, "501 characters; at most 500"},
		{"many mistakes in metadata, of which the first key's is told", func(r *intake.SingleRequest) {
			r.Metadata = map[string]string{}
			for key := 'a'; key <= 'z'; key++ {
				r.Metadata[string(key)] = strings.Repeat("v", 501+int(key-'a'))
			}
		}, "/metadata/a", intake.CodeTooLong, "501"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := asked
			tt.change(&r)
			_, err := newBundle(t).Submit(t.Context(), owner, r, nil)
			got := problems(t, err)
			if len(got) != 1 || got[0].Field != tt.field || got[0].Code != tt.code || !strings.Contains(got[0].Detail, tt.says) {
				t.Errorf("got %+v, want %s of %s saying %q", got, tt.code, tt.field, tt.says)
			}
			if !strings.Contains(err.Error(), got[0].Detail) {
				t.Errorf("the error is %q", err)
			}
		})
	}
}

func TestAllMistakesOfARequestAreToldAtOnce(t *testing.T) {
	t.Parallel()
	settings := intake.AgentSettings{Voice: strings.Repeat("v", 101), Language: "?", TimeLimit: new(1)}

	_, err := newBundle(t).Submit(t.Context(), owner, intake.SingleRequest{PhoneNumber: "112", Agent: settings, Metadata: map[string]string{"": ""}}, nil)
	if got, want := fieldsOf(t, err), []string{"/agent/voice", "/agent/language", "/agent/time_limit", "/metadata/", "/phone_number"}; !slices.Equal(got, want) {
		t.Errorf("of a call: %v, want %v", got, want)
	}

	r := intake.BatchRequest{Region: "XX", Agent: settings, Name: strings.Repeat("n", 201), NumberColumn: strings.Repeat("n", 201), CSV: []byte("x")}
	_, err = newBundle(t).SubmitBatch(t.Context(), owner, r, nil)
	if got, want := fieldsOf(t, err), []string{"/region", "/agent/voice", "/agent/language", "/agent/time_limit", "/name", "/number_column"}; !slices.Equal(got, want) {
		t.Errorf("of a batch: %v, want %v", got, want)
	}

	r.CSVBody = true
	_, err = newBundle(t).SubmitBatch(t.Context(), owner, r, nil)
	if got, want := fieldsOf(t, err), []string{"region", "voice", "language", "time_limit", "name", "number_column"}; !slices.Equal(got, want) {
		t.Errorf("of a file with its settings in the query: %v, want %v", got, want)
	}
}

func TestBatchHasExactlyOneList(t *testing.T) {
	t.Parallel()
	row := []intake.Row{{PhoneNumber: ada}}
	tests := []struct {
		name        string
		r           intake.BatchRequest
		field, code string
	}{
		{"none", intake.BatchRequest{}, "/rows", intake.CodeRequired},
		{"both", intake.BatchRequest{Rows: row, CSV: []byte("phone\n" + ada)}, "/csv", intake.CodeConflict},
		{"rows, but none in them", intake.BatchRequest{Rows: []intake.Row{}}, "/rows", intake.CodeRequired},
		{"rows with a number column", intake.BatchRequest{Rows: row, NumberColumn: "phone"}, "/number_column", intake.CodeConflict},
		{"an empty file", intake.BatchRequest{CSV: []byte{}}, "/csv", intake.CodeEmpty},
		{"an empty file as the body", intake.BatchRequest{CSV: []byte{}, CSVBody: true}, "body", intake.CodeEmpty},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := newBundle(t).SubmitBatch(t.Context(), owner, tt.r, nil)
			if got := problems(t, err); len(got) != 1 || got[0].Field != tt.field || got[0].Code != tt.code {
				t.Errorf("got %+v, want %s of %s", got, tt.code, tt.field)
			}
		})
	}
}

func TestTheMetadataOfABatchIsShortBecauseEveryCallGetsACopy(t *testing.T) {
	t.Parallel()
	metadata := map[string]string{}
	for i := range 5 {
		metadata[fmt.Sprintf("key%d", i)] = strings.Repeat("v", 400)
	}
	request := intake.BatchRequest{Rows: []intake.Row{{PhoneNumber: "+12025550100"}}, Metadata: metadata, DryRun: true}
	_, err := (&intake.Service{Now: time.Now}).SubmitBatch(t.Context(), "ann", request, nil)
	if got := fieldsOf(t, err); !slices.Equal(got, []string{"/metadata"}) {
		t.Errorf("2,020 characters: mistakes in %v (%v), want /metadata", got, err)
	}
	metadata["key0"] = strings.Repeat("v", 380)
	if _, err := (&intake.Service{Now: time.Now}).SubmitBatch(t.Context(), "ann", request, nil); err != nil {
		t.Errorf("2,000 characters are refused: %v", err)
	}
}

// fieldsOf are the fields in which an error finds mistakes.
func fieldsOf(t *testing.T, err error) []string {
	t.Helper()
	var fields []string
	for _, p := range problems(t, err) {
		fields = append(fields, p.Field)
	}
	return fields
}
