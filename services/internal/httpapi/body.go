package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"

	"github.com/outdial/outdial/contracts/api"
)

const (
	typeJSON = "application/json"
	typeCSV  = "text/csv"
)

// request is what a handler of a POST must know of the request as it was sent.
type request struct {
	key         string // Idempotency-Key; empty: none
	fingerprint string // of method, path, query and body
}

// bodies says what each route with a body is sent: the Go type of its JSON.
// Routes that aren't listed take none, or don't look at it.
var bodies = map[string]reflect.Type{
	"submitCall":  reflect.TypeFor[api.SubmitCallRequest](),
	"submitBatch": reflect.TypeFor[api.SubmitBatchRequest](),
	"redrive":     reflect.TypeFor[api.RedriveRequest](),
	"setCapacity": reflect.TypeFor[api.SetCapacityRequest](),
}

// readBody reads the whole body, bounded, before a handler runs: what is
// compared for idempotency is the body as it was sent.
func (s *Server) readBody(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found := routeOf(r.Context())
		if found.Method == http.MethodGet {
			next.ServeHTTP(w, r)
			return
		}
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, api.MaxBodyBytes))
		if err == nil {
			err = checkBody(found, r, body)
		}
		var sent request
		if err == nil {
			sent, err = requestAsSent(r, body)
		}
		if err != nil {
			s.fail(w, r, bodyError(err))
			return
		}
		r.Header.Set("Content-Type", mediaType(r)) // the generated server knows it in this form only
		r.Body = io.NopCloser(bytes.NewReader(body))
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), requestKey{}, sent)))
	})
}

func bodyError(err error) error {
	var tooLarge *http.MaxBytesError
	var known *apiError
	switch {
	case errors.As(err, &tooLarge):
		return problemError(api.ProblemCodePayloadTooLarge, "The body has more than %d bytes. Send the list in several parts.", api.MaxBodyBytes)
	case errors.As(err, &known):
		return err
	}
	return problemError(api.ProblemCodeInvalidRequest, "The body could not be read to its end.")
}

func requestAsSent(r *http.Request, body []byte) (request, error) {
	keys := r.Header.Values(api.HeaderIdempotencyKey)
	switch {
	case len(keys) == 0 || r.Method != http.MethodPost:
		return request{}, nil
	case len(keys) > 1:
		return request{}, placedError(api.ProblemCodeIdempotencyKeyInvalid, api.HeaderIdempotencyKey, api.FieldErrorCodeTooMany,
			"The header %s stands more than once; give it once.", api.HeaderIdempotencyKey)
	case !validKey(keys[0]):
		return request{}, placedError(api.ProblemCodeIdempotencyKeyInvalid, api.HeaderIdempotencyKey, api.FieldErrorCodeInvalid,
			"The header %s must have 1 to 255 visible ASCII characters, as a UUID has.", api.HeaderIdempotencyKey)
	}
	hash := sha256.New()
	fmt.Fprintf(hash, "%s %s\n", r.Method, r.URL.RequestURI())
	hash.Write(body)
	return request{key: keys[0], fingerprint: hex.EncodeToString(hash.Sum(nil))}, nil
}

func validKey(key string) bool {
	if key == "" || len(key) > 255 {
		return false
	}
	return !strings.ContainsFunc(key, func(c rune) bool { return c < '!' || c > '~' })
}

// mediaType is the type of the body, in lower case and without parameters.
func mediaType(r *http.Request) string {
	sent, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return ""
	}
	return sent
}

func checkBody(found api.Route, r *http.Request, body []byte) error {
	shape, ok := bodies[found.OperationID]
	if !ok {
		return nil
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" && !strings.EqualFold(encoding, "identity") {
		return placedError(api.ProblemCodeUnsupportedMediaType, "Content-Encoding", api.FieldErrorCodeInvalid, "Content-Encoding is %q; send the body as it is, without one.", shortened(encoding))
	}
	takes := typeJSON
	if found.OperationID == "submitBatch" {
		takes += " or " + typeCSV
	}
	switch sent := mediaType(r); {
	case sent == typeJSON:
		return checkJSON(body, shape)
	case !strings.Contains(takes, typeCSV) || sent != typeCSV:
		return placedError(api.ProblemCodeUnsupportedMediaType, "Content-Type", api.FieldErrorCodeInvalid,
			"The Content-Type is %q; this route takes %s.", shortened(r.Header.Get("Content-Type")), takes)
	}
	return nil
}
