package dynamo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
)

// standIn answers a store's requests within this process and starts no goroutine,
// so that time can stand still (testing/synctest).
type standIn func(r *http.Request) (*http.Response, error)

// RoundTrip answers a request.
func (s standIn) RoundTrip(r *http.Request) (*http.Response, error) { return s(r) }

// store gives a store whose requests the stand-in answers.
func (s standIn) store() *dynamo.Store { return s.table("outdial") }

// table is store, and the table has a name that the answers know.
func (s standIn) table(name string) *dynamo.Store { return s.within(0, name) }

// within is table, and a request is given up after a time of its own; 0: never.
func (s standIn) within(patience time.Duration, name string) *dynamo.Store {
	return dynamo.New(dynamodb.New(dynamodb.Options{
		Region: "eu-central-1", Credentials: credentials.NewStaticCredentialsProvider("test", "test", ""),
		BaseEndpoint: aws.String("http://dynamodb.test"), HTTPClient: &http.Client{Transport: s, Timeout: patience},
	}), name, call.Capacity{})
}

// operationOf is what a request asks for: GetItem, or whatever.
func operationOf(r *http.Request) string {
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	return operation
}

func isWrite(r *http.Request) bool {
	switch operationOf(r) {
	case "TransactWriteItems", "PutItem", "UpdateItem":
		return true
	}
	return false
}

// hang answers nothing until the caller gives up.
func hang(r *http.Request) (*http.Response, error) {
	<-r.Context().Done()
	return nil, r.Context().Err()
}

// answer is an error as DynamoDB answers it.
func answer(r *http.Request, status int, code, more string) *http.Response {
	return says(r, status, `{"__type":"com.amazonaws.dynamodb.v20120810#`+code+`","message":"`+code+`"`+more+`}`)
}

// says is any answer.
func says(r *http.Request, status int, body string) *http.Response {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"application/x-amz-json-1.0"}},
		Body:   io.NopCloser(strings.NewReader(body)), ContentLength: int64(len(body)),
	}
}

// bodyOf reads a request's body, and leaves it to be read again.
func bodyOf(t testing.TB, r *http.Request) []byte {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	return body
}

// asked reads a request's body into v.
func asked(t testing.TB, r *http.Request, v any) {
	t.Helper()
	if err := json.Unmarshal(bodyOf(t, r), v); err != nil {
		t.Error(err)
	}
}

// encoded is a part of an answer.
func encoded(t testing.TB, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Error(err)
	}
	return string(text)
}
