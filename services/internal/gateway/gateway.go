// Package gateway serves an http.Handler behind API Gateway's HTTP API: it makes
// a request of an event in payload format 2.0, and an answer of what the handler
// writes.
//
// Nothing of a request is lost that the format itself doesn't lose. API Gateway
// has joined headers that stand more than once with commas, and whether it was
// API Gateway or the client that wrote a comma can't be told, so they stay joined.
package gateway

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// Function is what lambda.Start takes.
type Function func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error)

// forAnswer is kept of an invocation's time for the answer: a handler that can't
// be done in time says so itself, which is better than being cut off.
const forAnswer = time.Second

// errCut: the handler gave up in the middle of its answer. API Gateway answers 500.
var errCut = errors.New("the answer was cut off, because its handler failed in the middle of it")

// New serves the handler. What it gives may be called at the same time.
func New(handler http.Handler) Function {
	return func(ctx context.Context, e events.APIGatewayV2HTTPRequest) (events.APIGatewayV2HTTPResponse, error) {
		if deadline, ok := ctx.Deadline(); ok {
			var cancel context.CancelFunc
			ctx, cancel = context.WithDeadline(ctx, deadline.Add(-forAnswer))
			defer cancel()
		}
		r, err := request(ctx, e)
		if err != nil {
			return events.APIGatewayV2HTTPResponse{}, err
		}
		return serve(handler, r)
	}
}

// serve takes the panic by which a handler cuts off an answer. Any other ends the
// process, and Lambda starts another.
func serve(handler http.Handler, r *http.Request) (out events.APIGatewayV2HTTPResponse, err error) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler:
			err = errCut
		default:
			panic(cause)
		}
	}()
	w := &writer{header: http.Header{}}
	handler.ServeHTTP(w, r)
	return w.answer(), nil
}

// request is the request that the event tells of. Only the authorizer's part of
// the event says who makes it (see SignIn); no header does.
func request(ctx context.Context, e events.APIGatewayV2HTTPRequest) (*http.Request, error) {
	body, err := bodyOf(e)
	if err != nil {
		return nil, err
	}
	r := &http.Request{
		Method:        e.RequestContext.HTTP.Method,
		URL:           urlOf(e),
		Proto:         e.RequestContext.HTTP.Protocol,
		Header:        make(http.Header, len(e.Headers)+1),
		Body:          io.NopCloser(bytes.NewReader(body)),
		ContentLength: int64(len(body)),
		Host:          e.RequestContext.DomainName,
		RemoteAddr:    e.RequestContext.HTTP.SourceIP,
	}
	r.ProtoMajor, r.ProtoMinor, _ = http.ParseHTTPVersion(r.Proto)
	for name, value := range e.Headers {
		r.Header.Set(name, value)
	}
	if len(e.Cookies) > 0 { // the format has them here and not among the headers
		r.Header.Set("Cookie", strings.Join(e.Cookies, "; "))
	}
	r.RequestURI = r.URL.RequestURI()
	if a := e.RequestContext.Authorizer; a != nil && a.JWT != nil {
		ctx = context.WithValue(ctx, claimsKey{}, a.JWT.Claims)
	}
	return r.WithContext(ctx), nil
}

func bodyOf(e events.APIGatewayV2HTTPRequest) ([]byte, error) {
	if !e.IsBase64Encoded {
		return []byte(e.Body), nil
	}
	body, err := base64.StdEncoding.DecodeString(e.Body)
	if err != nil {
		return nil, fmt.Errorf("the event's body is no base64: %w", err)
	}
	return body, nil
}

// urlOf keeps the path's escapes and the query's order as they were sent. A path
// that can't be unescaped is taken as it is.
func urlOf(e events.APIGatewayV2HTTPRequest) *url.URL {
	u := &url.URL{Path: e.RawPath, RawQuery: e.RawQueryString}
	path, err := url.PathUnescape(e.RawPath)
	if err != nil {
		return u
	}
	if u.Path = path; u.EscapedPath() != e.RawPath {
		u.RawPath = e.RawPath
	}
	return u
}
