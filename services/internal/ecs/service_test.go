package ecs_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awsecs "github.com/aws/aws-sdk-go-v2/service/ecs"

	"github.com/outdial/outdial/services/internal/ecs"
)

// service stands for ECS: it speaks its protocol (AWS JSON 1.1), is strict about
// the requests, and answers as it is told.
type service struct {
	t      testing.TB
	url    string
	answer func(w http.ResponseWriter, operation string)

	mu    sync.Mutex
	asked []string // operation and body
}

const target = "AmazonEC2ContainerServiceV20141113."

// newService gives the tasks of a service, with patience for a test.
func newService(t testing.TB, answer func(w http.ResponseWriter, operation string)) (*service, *ecs.Tasks) {
	t.Helper()
	s := &service{t: t, answer: answer}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.url = server.URL
	client := awsecs.New(awsecs.Options{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		BaseEndpoint: &s.url,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
	return s, ecs.New(client, ecs.Config{
		Cluster: "outdial", Subnets: []string{"subnet-1", "subnet-2"}, SecurityGroups: []string{"sg-1"},
	})
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	operation, ok := strings.CutPrefix(r.Header.Get("X-Amz-Target"), target)
	body, err := io.ReadAll(r.Body)
	if !ok || err != nil || r.Method != http.MethodPost || r.URL.Path != "/" ||
		r.Header.Get("Content-Type") != "application/x-amz-json-1.1" || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 ") {
		s.t.Errorf("ECS doesn't understand %s %s %v %s %v", r.Method, r.URL, r.Header, body, err)
	}
	s.mu.Lock()
	s.asked = append(s.asked, operation+" "+string(body))
	s.mu.Unlock()
	s.answer(w, operation)
}

func (s *service) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]string(nil), s.asked...)
}

func write(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.Header().Set("X-Amzn-RequestId", "0f2b7e6c-6f0c-4f36-9a2e-1c8a8f6f1b11")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// says answers each request with the same.
func says(status int, body string) func(http.ResponseWriter, string) {
	return func(w http.ResponseWriter, _ string) { write(w, status, body) }
}

// refuses is an error as ECS writes it.
func refuses(status int, code, message string) func(http.ResponseWriter, string) {
	text, err := json.Marshal(message)
	if err != nil {
		panic(err)
	}
	return says(status, fmt.Sprintf(`{"__type":%q,"message":%s}`, code, text))
}

// hangsUp breaks the connection after the request has come, and perhaps been worked on.
func hangsUp(w http.ResponseWriter, _ string) {
	connection, _, err := http.NewResponseController(w).Hijack()
	if err == nil {
		err = connection.Close()
	}
	if err != nil {
		panic(err)
	}
}
