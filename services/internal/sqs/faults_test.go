package sqs_test

import (
	"context"
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqs"
)

// service stands for SQS: it takes batches, and does with each what the test says.
type service struct {
	t    testing.TB
	take func(request int, body string) verdict

	mu       sync.Mutex
	requests int
	entries  []entry // all that came
	taken    []string
}

type entry struct {
	ID           string `json:"Id"`
	MessageBody  string
	DelaySeconds int
	MessageGroup string `json:"MessageGroupId"`
}

// verdict is what SQS does with a message.
type verdict string

const (
	takes    verdict = ""
	forgets  verdict = "neither takes nor refuses it"
	fails    verdict = "InternalError"
	refuses  verdict = "InvalidMessageContents"
	hangsUp  verdict = "breaks the connection after it took the batch"
	isAbsent verdict = "AWS.SimpleQueueService.NonExistentQueue"
)

type failure struct {
	ID          string `json:"Id"`
	Code        string
	Message     string
	SenderFault bool
}

type success struct {
	ID        string `json:"Id"`
	MessageID string `json:"MessageId"`
	MD5       string `json:"MD5OfMessageBody"`
}

const url = "https://sqs.eu-central-1.amazonaws.com/111122223333/calls"

func newService(t testing.TB, take func(request int, body string) verdict) (*service, *sqs.Sender) {
	t.Helper()
	s := &service{t: t, take: take}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := awssqs.New(awssqs.Options{
		Region:       "eu-central-1",
		Credentials:  credentials.NewStaticCredentialsProvider("AKIDEXAMPLE", "secret", ""),
		BaseEndpoint: &server.URL,
		Retryer: retry.NewStandard(func(o *retry.StandardOptions) {
			o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		}),
	})
	return s, sqs.New(client, map[queue.Name]string{queue.Calls: url})
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var in struct {
		QueueURL string `json:"QueueUrl"`
		Entries  []entry
	}
	decoder := json.NewDecoder(r.Body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&in); err != nil || r.Header.Get("X-Amz-Target") != "AmazonSQS.SendMessageBatch" || in.QueueURL != url || len(in.Entries) > 10 {
		s.t.Errorf("SQS doesn't understand %v %+v: %v", r.Header, in, err)
	}
	s.requests++
	s.entries = append(s.entries, in.Entries...)
	var out struct {
		Successful []success
		Failed     []failure
	}
	last := takes
	for _, e := range in.Entries {
		switch last = s.take(s.requests, e.MessageBody); last {
		case fails, refuses:
			out.Failed = append(out.Failed, failure{e.ID, string(last), "a reason", last == refuses})
		case takes, hangsUp:
			sum := md5.Sum([]byte(e.MessageBody))
			out.Successful = append(out.Successful, success{e.ID, "id-" + e.ID, hex.EncodeToString(sum[:])})
			s.taken = append(s.taken, e.MessageBody)
		}
	}
	s.answer(w, last, out)
}

func (s *service) answer(w http.ResponseWriter, v verdict, body any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	switch v {
	case hangsUp:
		connection, _, err := http.NewResponseController(w).Hijack()
		if err != nil || connection.Close() != nil {
			s.t.Errorf("the connection doesn't break: %v", err)
		}
		return
	case isAbsent:
		w.WriteHeader(http.StatusBadRequest)
		body = map[string]string{"__type": "com.amazonaws.sqs#QueueDoesNotExist", "message": "The specified queue does not exist."}
	}
	if err := json.NewEncoder(w).Encode(body); err != nil {
		s.t.Error(err)
	}
}

// last gives the entries that came last.
func (s *service) last(n int) []entry {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.entries) < n {
		s.t.Fatalf("%d entries came", len(s.entries))
	}
	return s.entries[len(s.entries)-n:]
}

func messages(bodies string) []queue.Message {
	var all []queue.Message
	for body := range strings.FieldsSeq(bodies) {
		all = append(all, queue.Message{Body: []byte(body)})
	}
	return all
}

func TestSendUnderFaults(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		take     func(request int, body string) verdict
		send     string
		taken    string // in order
		requests int
		mentions string // of the error; "": none
	}{
		"all is well": {
			func(int, string) verdict { return takes },
			"a b c", "a b c", 1, "",
		},
		"nothing to send": {
			func(int, string) verdict { return takes },
			"", "", 0, "",
		},
		"more than a batch": {
			func(int, string) verdict { return takes },
			"a b c d e f g h i j k l m n o p q r s t u", "a b c d e f g h i j k l m n o p q r s t u", 3, "",
		},
		"some fail once, and they alone are sent again": {
			func(request int, body string) verdict {
				if request == 1 && body != "b" {
					return fails
				}
				return takes
			},
			"a b c", "b a c", 2, "",
		},
		"one is forgotten once": {
			func(request int, body string) verdict {
				if request == 1 && body == "b" {
					return forgets
				}
				return takes
			},
			"a b c", "a c b", 2, "",
		},
		"one fails for ever": {
			func(_ int, body string) verdict {
				if body == "b" {
					return fails
				}
				return takes
			},
			"a b c", "a c", 3, "message b is not taken: InternalError: a reason",
		},
		"one is forgotten for ever": {
			func(_ int, body string) verdict {
				if body == "b" {
					return forgets
				}
				return takes
			},
			"a b c", "a c", 3, "message b is not taken: SQS doesn't say why",
		},
		"one is wrong, which no repeat helps": {
			func(_ int, body string) verdict {
				if body == "b" {
					return refuses
				}
				return takes
			},
			"a b c", "a c", 1, "message b is refused: InvalidMessageContents: a reason",
		},
		"one is wrong beside one that fails, which is sent again": {
			func(request int, body string) verdict {
				switch {
				case body == "b":
					return refuses
				case body == "c" && request == 1:
					return fails
				}
				return takes
			},
			"a b c", "a c", 2, "message b is refused",
		},
		"one is wrong in the first of two batches, and the second is sent all the same": {
			func(_ int, body string) verdict {
				if body == "b" {
					return refuses
				}
				return takes
			},
			"a b c d e f g h i j k l", "a c d e f g h i j k l", 2, "message b is refused",
		},
		"one is wrong, and then there is no queue": {
			func(request int, body string) verdict {
				switch {
				case request == 2:
					return isAbsent
				case body == "b":
					return refuses
				}
				return takes
			},
			"a b c d e f g h i j k l", "a c d e f g h i j", 2, "message b is refused",
		},
		"the answer is lost, so the batch comes twice": {
			func(request int, _ string) verdict {
				if request == 1 {
					return hangsUp
				}
				return takes
			},
			"a b", "a b a b", 2, "",
		},
		"there is no queue": {
			func(int, string) verdict { return isAbsent },
			"a", "", 1, "The specified queue does not exist",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, sender := newService(t, c.take)
			err := sender.Send(t.Context(), queue.Calls, messages(c.send)...)
			if (err == nil) != (c.mentions == "") || err != nil && !strings.Contains(err.Error(), c.mentions) {
				t.Errorf("the error is %v; want %q", err, c.mentions)
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			if !slices.Equal(s.taken, strings.Fields(c.taken)) || s.requests != c.requests {
				t.Errorf("taken %v in %d requests; want %s in %d", s.taken, s.requests, c.taken, c.requests)
			}
		})
	}
}

func TestSendEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, sender := newService(t, func(int, string) verdict { return fails })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := sender.Send(ctx, queue.Calls, messages("a")...); err == nil {
		t.Error("it was sent")
	}
}

func TestAQueueWithoutAURLIsAnError(t *testing.T) {
	t.Parallel()
	s, sender := newService(t, func(int, string) verdict { return takes })
	err := sender.Send(t.Context(), queue.Events, messages("a")...)
	if err == nil || !strings.Contains(err.Error(), "queue events") || s.requests != 0 {
		t.Errorf("%v after %d requests", err, s.requests)
	}
}

// SQS knows whole seconds up to 900.
func TestDelaysAreRoundedUpSoThatNoMessageComesEarly(t *testing.T) {
	t.Parallel()
	s, sender := newService(t, func(int, string) verdict { return takes })
	for delay, want := range map[time.Duration]int{
		-time.Second: 0, 0: 0, 1: 1, 999 * time.Millisecond: 1, time.Second: 1, 1001 * time.Millisecond: 2,
		queue.MaxDelay: 900, queue.MaxDelay - 1: 900, queue.MaxDelay + time.Hour: 900,
	} {
		if err := sender.Send(t.Context(), queue.Calls, queue.Message{Body: []byte("a"), Delay: delay}); err != nil {
			t.Fatal(err)
		}
		if got := s.last(1)[0].DelaySeconds; got != want {
			t.Errorf("%v became %d seconds; want %d", delay, got, want)
		}
	}
}

func TestAMessageSaysWhoseItIs(t *testing.T) {
	t.Parallel()
	s, sender := newService(t, func(int, string) verdict { return takes })
	err := sender.Send(t.Context(), queue.Calls, queue.Message{Body: []byte("a"), Group: "ann"}, queue.Message{Body: []byte("b")})
	if err != nil {
		t.Fatal(err)
	}
	if got := s.last(2); got[0].MessageGroup != "ann" || got[1].MessageGroup != "" {
		t.Errorf("%+v", got)
	}
}
