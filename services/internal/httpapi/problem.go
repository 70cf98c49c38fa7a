package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/tracking"
)

// errUnavailable marks an error after which the same request may do.
var errUnavailable = errors.New("not available at the moment")

const (
	internalDetail    = "An unexpected error. The log has its cause under the request id."
	unavailableDetail = "The service can't do this at the moment. Try again, with the same Idempotency-Key."
	retrySeconds      = 2
)

// apiError is an error that its receiver may see.
type apiError struct {
	code   api.ProblemCode
	detail string
	fields []api.FieldError
}

func (e *apiError) Error() string { return string(e.code) + ": " + e.detail }

func problemError(code api.ProblemCode, format string, args ...any) error {
	return &apiError{code: code, detail: fmt.Sprintf(format, args...)}
}

// placedError is a problem with its place: a JSON pointer, or the name of a parameter or header.
func placedError(problem api.ProblemCode, field string, code api.FieldErrorCode, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	return &apiError{code: problem, detail: detail, fields: []api.FieldError{{Field: field, Code: code, Detail: detail}}}
}

func fieldError(field string, code api.FieldErrorCode, format string, args ...any) error {
	return placedError(api.ProblemCodeInvalidRequest, field, code, format, args...)
}

// fail answers an error. It is the one table from errors to answers; what it
// doesn't know is an opaque 500, with its cause in the log only.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	if begun(w) { // the client went away before it had the whole answer
		s.Log.DebugContext(r.Context(), "answer not sent to its end", "request_id", requestID(r.Context()), "cause", err)
		return
	}
	problem := s.problem(r, err)
	if problem.Status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", strconv.Itoa(retrySeconds))
	}
	if problem.Status >= http.StatusInternalServerError {
		s.Log.ErrorContext(r.Context(), "request failed", "request_id", problem.RequestID, "method", r.Method, "path", loggedPath(r), "cause", err)
	}
	s.writeProblem(w, r, problem)
}

func (s *Server) problem(r *http.Request, err error) api.Problem {
	var known *apiError
	var invalid *intake.InvalidError
	var unavailable *call.UnavailableError
	id := requestID(r.Context())
	switch {
	case errors.As(err, &known):
		p := api.NewProblem(known.code, known.detail, id)
		p.Errors = known.fields
		return p
	case errors.As(err, &invalid):
		return invalidProblem(invalid, id)
	case errors.Is(err, intake.ErrIdempotencyConflict):
		p := api.NewProblem(api.ProblemCodeIdempotencyConflict, "This Idempotency-Key was used for another request in the last 24 hours. Use a new key for a new request.", id)
		p.Errors = []api.FieldError{{Field: api.HeaderIdempotencyKey, Code: api.FieldErrorCodeConflict, Detail: p.Detail}}
		return p
	case errors.Is(err, tracking.ErrFinal):
		return api.NewProblem(api.ProblemCodeCallAlreadyFinal, "The call has ended and can't be canceled any more.", id)
	case call.RefusedFor(err, call.ConditionCanceled):
		return api.NewProblem(api.ProblemCodeBatchCanceled, "The batch is canceled, which is final.", id)
	case errors.As(err, &unavailable):
		return api.NewProblem(api.ProblemCodeUnavailable, capitalized(unavailable.Sentence)+". Then send the same request again, with the same Idempotency-Key.", id)
	case errors.Is(err, errUnavailable), errors.Is(err, call.ErrConflict), errors.Is(err, call.ErrUnclear),
		errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return api.NewProblem(api.ProblemCodeUnavailable, unavailableDetail, id)
	}
	if p, ok := bindingProblem(err, id); ok {
		return p
	}
	return api.NewProblem(api.ProblemCodeInternal, internalDetail, id)
}

// invalidProblem has the code of the first mistake, where that is a problem of its own.
func invalidProblem(invalid *intake.InvalidError, id string) api.Problem {
	first := invalid.Problems[0] // there is one at least
	code := api.ProblemCode(first.Code)
	if !code.Valid() {
		code = api.ProblemCodeInvalidRequest
	}
	p := api.NewProblem(code, first.Detail, id)
	for _, mistake := range invalid.Problems {
		field := api.FieldError{Field: mistake.Field, Code: api.FieldErrorCode(mistake.Code), Detail: mistake.Detail}
		if mistake.Row > 0 {
			field.Row = &mistake.Row
		}
		p.Errors = append(p.Errors, field)
	}
	return p
}

// bindingProblem speaks of parameters and headers that the generated server could not read.
func bindingProblem(err error, id string) (api.Problem, bool) {
	var format *api.InvalidParamFormatError
	var many *api.TooManyValuesForParamError
	var name, detail string
	code := api.FieldErrorCodeInvalid
	switch {
	case errors.As(err, &format):
		name, detail = format.ParamName, fmt.Sprintf("The parameter %s must be %s.", format.ParamName, forms[format.ParamName])
	case errors.As(err, &many):
		name, detail = many.ParamName, fmt.Sprintf("The header %s stands more than once; give it once.", many.ParamName)
		code = api.FieldErrorCodeTooMany
	default:
		return api.Problem{}, false
	}
	p := api.NewProblem(api.ProblemCodeInvalidRequest, detail, id)
	p.Errors = []api.FieldError{{Field: name, Code: code, Detail: detail}}
	return p, true
}

func (s *Server) writeProblem(w http.ResponseWriter, r *http.Request, p api.Problem) {
	if rec, ok := w.(*recorder); ok {
		rec.code = p.Code
	}
	w.Header().Set("Content-Type", api.ProblemContentType)
	w.WriteHeader(p.Status)
	if err := json.NewEncoder(w).Encode(p); err != nil {
		s.Log.DebugContext(r.Context(), "problem not written", "request_id", p.RequestID, "cause", err)
	}
}

func capitalized(sentence string) string {
	first, size := utf8.DecodeRuneInString(sentence)
	return string(unicode.ToUpper(first)) + sentence[size:]
}
