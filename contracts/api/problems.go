package api

import "net/http"

// ProblemContentType is the media type of a Problem (RFC 9457).
const ProblemContentType = "application/problem+json"

const problemTypePrefix = "https://outdial.dev/problems/"

// problems says for each code what is the same every time it is used.
var problems = map[ProblemCode]struct {
	status int
	title  string
}{
	ProblemCodeInvalidRequest:        {http.StatusBadRequest, "The request is not valid"},
	ProblemCodeInvalidJSON:           {http.StatusBadRequest, "The body is not valid JSON"},
	ProblemCodeIdempotencyKeyInvalid: {http.StatusBadRequest, "The idempotency key is not valid"},
	ProblemCodeCursorInvalid:         {http.StatusBadRequest, "The cursor is not valid"},
	ProblemCodeUnauthorized:          {http.StatusUnauthorized, "A valid access token is needed"},
	ProblemCodeForbidden:             {http.StatusForbidden, "The token does not allow this"},
	ProblemCodeNotFound:              {http.StatusNotFound, "No such path"},
	ProblemCodeCallNotFound:          {http.StatusNotFound, "No such call"},
	ProblemCodeBatchNotFound:         {http.StatusNotFound, "No such batch"},
	ProblemCodeRedriveNotFound:       {http.StatusNotFound, "No such redrive"},
	ProblemCodeMethodNotAllowed:      {http.StatusMethodNotAllowed, "The path does not know this method"},
	ProblemCodeIdempotencyConflict:   {http.StatusConflict, "The idempotency key was used for another request"},
	ProblemCodeCallAlreadyFinal:      {http.StatusConflict, "The call has already ended"},
	ProblemCodeBatchCanceled:         {http.StatusConflict, "The batch is canceled"},
	ProblemCodeCapacityConflict:      {http.StatusConflict, "The capacity was changed at the same moment"},
	ProblemCodePayloadTooLarge:       {http.StatusRequestEntityTooLarge, "The body is too large"},
	ProblemCodeTooManyRows:           {http.StatusRequestEntityTooLarge, "The list has too many rows"},
	ProblemCodeUnsupportedMediaType:  {http.StatusUnsupportedMediaType, "The type of the body is not supported"},
	ProblemCodePhoneNumberInvalid:    {http.StatusUnprocessableEntity, "The phone number is not valid"},
	ProblemCodeNumberNotCallable:     {http.StatusUnprocessableEntity, "The number is of a kind that is not called"},
	ProblemCodeCSVNoNumberColumn:     {http.StatusUnprocessableEntity, "No column holds the phone numbers"},
	ProblemCodeCSVTwoNumberColumns:   {http.StatusUnprocessableEntity, "More than one column may hold the phone numbers"},
	ProblemCodeCSVNotUTF8:            {http.StatusUnprocessableEntity, "The file is not UTF-8"},
	ProblemCodeCSVMalformed:          {http.StatusUnprocessableEntity, "The file is not a CSV file"},
	ProblemCodeCSVEmpty:              {http.StatusUnprocessableEntity, "The list is empty"},
	ProblemCodeNoCallableRows:        {http.StatusUnprocessableEntity, "No row can be called"},
	ProblemCodeInternal:              {http.StatusInternalServerError, "Something unexpected happened"},
	ProblemCodeUnavailable:           {http.StatusServiceUnavailable, "Not possible at the moment"},
}

// Status is the HTTP status that always goes with the code; 0 for a code that
// the document doesn't know.
func (e ProblemCode) Status() int { return problems[e].status }

// Title says what the code means, the same words every time (RFC 9457, 3.1.3).
func (e ProblemCode) Title() string { return problems[e].title }

// Type identifies the kind of problem as a URI (RFC 9457, 3.1.1). It is an
// identifier, and nothing needs to be found under it.
func (e ProblemCode) Type() string { return problemTypePrefix + string(e) }

// NewProblem is the problem document for a code, with all but the places of
// single mistakes (Errors).
func NewProblem(code ProblemCode, detail, requestID string) Problem {
	return Problem{
		Type:      code.Type(),
		Title:     code.Title(),
		Status:    code.Status(),
		Detail:    detail,
		Code:      code,
		RequestID: requestID,
	}
}
