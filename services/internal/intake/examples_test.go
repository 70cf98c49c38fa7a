package intake_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/examples"
	"github.com/outdial/outdial/services/internal/intake"
)

// The examples of the contract say what must come of a request. Those whose
// JSON has another shape than the contract's never get here.

func TestValidExamplesAreAcceptedRowByRow(t *testing.T) {
	t.Parallel()
	for _, kind := range []examples.Kind{examples.Calls, examples.Batches, examples.Lists} {
		for _, e := range examples.Valid(kind) {
			t.Run(fmt.Sprintf("%s/%s", kind, e.Name), func(t *testing.T) {
				t.Parallel()
				accepted, refused, known, err := submitExample(t, kind, e)
				if err != nil || !known {
					t.Fatalf("got error %v, known shape %t", err, known)
				}
				if !slices.EqualFunc(accepted, e.Expect.Accepted, func(a, b examples.Accepted) bool {
					return a.Row == b.Row && a.PhoneNumber == b.PhoneNumber && maps.Equal(a.Metadata, b.Metadata)
				}) {
					t.Errorf("accepted\n%v, want\n%v", accepted, e.Expect.Accepted)
				}
				if !slices.Equal(refused, e.Expect.Refused) {
					t.Errorf("refused\n%v, want\n%v", refused, e.Expect.Refused)
				}
			})
		}
	}
}

func TestInvalidExamplesAreRefusedAtTheRightPlace(t *testing.T) {
	t.Parallel()
	tested := 0
	for _, kind := range []examples.Kind{examples.Calls, examples.Batches, examples.Lists} {
		for _, e := range examples.Invalid(kind) {
			_, _, known, err := submitExample(t, kind, e)
			if !known {
				continue
			}
			tested++
			first := problems(t, err)[0]
			code := api.ProblemCodeInvalidRequest
			if own := api.ProblemCode(first.Code); own.Valid() {
				code = own
			}
			if string(code) != e.Expect.Code || code.Status() != e.Expect.Status || first.Field != e.Expect.Field || first.Row != e.Expect.Row {
				t.Errorf("%s/%s: got %s (%d), field %q, row %d (%s); want %s (%d), field %q, row %d", kind, e.Name,
					code, code.Status(), first.Field, first.Row, first.Detail, e.Expect.Code, e.Expect.Status, e.Expect.Field, e.Expect.Row)
			}
		}
	}
	if tested < 40 {
		t.Errorf("only %d examples have the contract's shape", tested)
	}
}

func submitExample(t *testing.T, kind examples.Kind, e examples.Example) (accepted []examples.Accepted, refused []examples.Refused, known bool, err error) {
	t.Helper()
	b := newBundle(t)
	if kind == examples.Calls {
		var r api.SubmitCallRequest
		if !decode(e.Data, &r) {
			return nil, nil, false, nil
		}
		a, err := b.Submit(t.Context(), owner, intake.SingleRequest{
			PhoneNumber: r.PhoneNumber, Region: given(r.Region), Agent: agent(r.Agent), Metadata: r.Metadata,
		}, nil)
		return []examples.Accepted{{Row: 1, PhoneNumber: a.Value.Number, Metadata: a.Value.Metadata}}, nil, true, err
	}
	r, known := batchExample(kind, e)
	if !known {
		return nil, nil, false, nil
	}
	a, err := b.SubmitBatch(t.Context(), owner, r, nil)
	if err != nil {
		return nil, nil, true, err
	}
	for _, row := range b.rows(t, a.Value.Batch) {
		accepted = append(accepted, examples.Accepted{Row: row.Line, PhoneNumber: row.Number, Metadata: row.Metadata})
	}
	for _, row := range a.Value.RefusedRows {
		refused = append(refused, examples.Refused{Row: row.Line, Code: row.Code})
	}
	return accepted, refused, true, nil
}

func batchExample(kind examples.Kind, e examples.Example) (r intake.BatchRequest, known bool) {
	if kind == examples.Lists {
		q := e.Expect.Query
		r := intake.BatchRequest{
			Name: q["name"], Region: q["region"], AllowDuplicates: q["allow_duplicates"] == "true", NumberColumn: q["number_column"],
			CSV: append([]byte{}, e.Data...), CSVBody: true,
		}
		if s, ok := q["time_limit"]; ok {
			limit, err := strconv.Atoi(s)
			r.Agent.TimeLimit = &limit
			return r, err == nil
		}
		return r, true
	}
	var sent api.SubmitBatchRequest
	if !decode(e.Data, &sent) {
		return r, false
	}
	r = intake.BatchRequest{
		Name: given(sent.Name), Region: given(sent.Region), AllowDuplicates: given(sent.AllowDuplicates),
		NumberColumn: given(sent.NumberColumn), Agent: agent(sent.Agent), Metadata: sent.Metadata,
	}
	if sent.CSV != nil {
		r.CSV = []byte(*sent.CSV)
	}
	if sent.Rows != nil {
		r.Rows = []intake.Row{}
	}
	for _, row := range sent.Rows {
		r.Rows = append(r.Rows, intake.Row{PhoneNumber: row.PhoneNumber, Region: given(row.Region), Metadata: row.Metadata})
	}
	return r, true
}

func agent(a *api.AgentSettings) intake.AgentSettings {
	if a == nil {
		return intake.AgentSettings{}
	}
	return intake.AgentSettings{
		Instructions: given(a.Instructions), Voice: given(a.Voice), FirstWords: given(a.FirstWords),
		Language: given(a.Language), TimeLimit: a.TimeLimit,
	}
}

func given[T any](p *T) T {
	if p == nil {
		var zero T
		return zero
	}
	return *p
}

// decode tells whether the data is one JSON value of this shape.
func decode(data []byte, into any) bool {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	if d.Decode(into) != nil {
		return false
	}
	_, err := d.Token()
	return errors.Is(err, io.EOF)
}

func TestCodesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	for _, code := range []string{
		intake.CodePhoneNumberMissing, intake.CodePhoneNumberInvalid, intake.CodeNumberNotCallable,
		intake.CodeDuplicateNumber, intake.CodeMetadataInvalid, intake.CodeMalformed,
	} {
		if !api.RefusalCode(code).Valid() {
			t.Errorf("%s is no code of a refused row", code)
		}
	}
	for _, code := range []string{
		intake.CodeRequired, intake.CodeInvalid, intake.CodeTooLong, intake.CodeOutOfRange, intake.CodeTooMany, intake.CodeConflict,
		intake.CodePhoneNumberInvalid, intake.CodeNumberNotCallable, intake.CodeNoNumberColumn, intake.CodeTwoNumberColumns,
		intake.CodeNotUTF8, intake.CodeMalformed, intake.CodeEmpty, intake.CodeTooManyRows, intake.CodeNoCallableRows,
		intake.CodePhoneNumberMissing, intake.CodeDuplicateNumber, intake.CodeMetadataInvalid, // of the rows of a list without a good one
	} {
		if !api.FieldErrorCode(code).Valid() {
			t.Errorf("%s is no code of a field", code)
		}
	}
}
