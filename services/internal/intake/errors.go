package intake

import (
	"fmt"
	"strings"
)

// Codes of mistakes in a field.
const (
	CodeRequired   = "required"     // is missing
	CodeInvalid    = "invalid"      // has not the form that it must have
	CodeTooLong    = "too_long"     // has too many characters
	CodeOutOfRange = "out_of_range" // is too small or too large
	CodeTooMany    = "too_many"     // has too many elements
	CodeConflict   = "conflict"     // doesn't go with another field
)

// Codes of mistakes in a number. A row of a list with one is refused, and no other row.
const (
	CodePhoneNumberMissing = "phone_number_missing" // of rows only
	CodePhoneNumberInvalid = "phone_number_invalid"
	CodeNumberNotCallable  = "number_not_callable"
	CodeDuplicateNumber    = "duplicate_number" // of rows only
	CodeMetadataInvalid    = "metadata_invalid" // of rows only
)

// Codes of mistakes in a whole list.
const (
	CodeNoNumberColumn   = "csv_no_number_column"
	CodeTwoNumberColumns = "csv_two_number_columns"
	CodeNotUTF8          = "csv_not_utf8"
	CodeMalformed        = "csv_malformed" // of single rows, too
	CodeEmpty            = "csv_empty"
	CodeTooManyRows      = "too_many_rows"
	CodeNoCallableRows   = "no_callable_rows" // every row was refused
)

// Problem is one mistake in a request.
type Problem struct {
	// Field is a JSON Pointer (RFC 6901) such as "/agent/time_limit", or the name
	// of a query parameter, or "body" for a text/csv body.
	Field  string
	Row    int // of a list: the file's line, or the place among JSON rows, from 1; 0: none
	Code   string
	Detail string // a sentence: what is wrong and what would be right; without the number itself
}

// InvalidError lists what is wrong with a request. Nothing was stored.
type InvalidError struct {
	Problems []Problem // at least one; the first says what kind of error it is
}

func (e *InvalidError) Error() string {
	details := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		details[i] = fmt.Sprintf("%s: %s", p.Field, p.Detail)
	}
	return "invalid request: " + strings.Join(details, "; ")
}
