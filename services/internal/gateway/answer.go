package gateway

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-lambda-go/events"

	"github.com/outdial/outdial/contracts/api"
)

// MaxPayload is how many bytes a whole answer may have, or it never leaves the
// function: Lambda's quota of 6 MB, and 100 bytes more. An event has to do without
// those, or it never reaches the function.
const MaxPayload = 6_291_556

// writer keeps what a handler answers.
type writer struct {
	header http.Header
	sent   http.Header // as it was when the status was written
	status int
	body   bytes.Buffer
}

// Header is what the answer will have.
func (w *writer) Header() http.Header { return w.header }

// WriteHeader takes the first status. Informational ones can't be sent.
func (w *writer) WriteHeader(status int) {
	if w.status == 0 && status >= http.StatusOK {
		w.status, w.sent = status, w.header.Clone()
	}
}

// Write adds to the body.
func (w *writer) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(p)
}

// answer is the event that API Gateway is given.
func (w *writer) answer() events.APIGatewayV2HTTPResponse {
	w.WriteHeader(http.StatusOK)
	out := w.event(w.status, w.body.Bytes())
	if tooLarge(out) {
		w.sent.Set("Content-Type", api.ProblemContentType)
		w.sent.Del("ETag")
		w.sent.Del("Link")
		out = w.event(http.StatusRequestEntityTooLarge, w.problem())
	}
	return out
}

func (w *writer) event(status int, body []byte) events.APIGatewayV2HTTPResponse {
	out := events.APIGatewayV2HTTPResponse{StatusCode: status, Headers: make(map[string]string, len(w.sent)), Body: string(body)}
	if !utf8.Valid(body) {
		out.Body, out.IsBase64Encoded = base64.StdEncoding.EncodeToString(body), true
	}
	for name, values := range w.sent {
		if name == "Set-Cookie" {
			out.Cookies = values
			continue
		}
		out.Headers[name] = strings.Join(values, ", ")
	}
	return out
}

// longestEscape is how many bytes JSON makes of one: \u003c.
const longestEscape = 6

func tooLarge(out events.APIGatewayV2HTTPResponse) bool {
	const headers = 64 << 10 // more than all headers can have
	if longestEscape*len(out.Body) < MaxPayload-headers {
		return false
	}
	whole, err := json.Marshal(out)
	return err != nil || len(whole) > MaxPayload
}

// problem stands for an answer that Lambda would not let out, and says what helps.
func (w *writer) problem() []byte {
	detail := fmt.Sprintf("The answer has more than %d bytes. Ask for less of it at once, with a smaller limit.", MaxPayload)
	p := api.NewProblem(api.ProblemCodePayloadTooLarge, detail, w.sent.Get(api.HeaderRequestID))
	body, err := json.Marshal(p)
	if err != nil {
		return nil
	}
	return body
}
