package front_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/front"
	"github.com/outdial/outdial/e2e/internal/iam"
)

// bundle is a front of a LocalStack that notes what reaches it, and of an ECS of
// our own.
type bundle struct {
	*front.Front
	role *iam.Role
	key  string

	mu      sync.Mutex
	effects []string // operation, key and body
	hold    chan struct{}
	gone    chan struct{} // closed when a call that LocalStack held is gone
}

type service struct{}

func (service) Do(_ context.Context, operation string, body []byte) (any, *aws.Error) {
	if operation == "StopTask" {
		return nil, aws.Refuse("InvalidParameterException", "%s", body)
	}
	return map[string]string{"operation": operation}, nil
}

func newBundle(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{gone: make(chan struct{})}
	localstack := httptest.NewServer(http.HandlerFunc(b.serve))
	t.Cleanup(localstack.Close)
	b.Front = front.New(localstack.URL, map[string]front.Service{"ecs": service{}}, func(string) []string { return nil })
	t.Cleanup(b.Close)
	b.role = iam.NewRole("WorkerRole", iam.Policy{Statement: []iam.Statement{{
		Sid: "Jobs", Effect: "Allow", Action: iam.OneOrMany{"sqs:SendMessage", "sqs:ReceiveMessage", "ecs:DescribeTasks", "ecs:StopTask"},
		Resource: iam.OneOrMany{"*"},
	}, {
		Sid: "Table", Effect: "Allow", Action: iam.OneOrMany{"dynamodb:PutItem"}, Resource: iam.OneOrMany{aws.ARN("dynamodb", "table/calls")},
	}}})
	b.key = b.Key("worker", b.role)
	return b
}

func (b *bundle) serve(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	key, _, _ := aws.Caller(r.Header.Get("Authorization"))
	_, operation, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	b.mu.Lock()
	b.effects = append(b.effects, operation+" by "+key+": "+string(body))
	hold := b.hold
	b.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case <-r.Context().Done():
			close(b.gone)
			return
		}
	}
	w.Header().Set("X-From", "localstack")
	_, _ = fmt.Fprint(w, `{"MessageId":"1"}`)
}

func (b *bundle) seen() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.Clone(b.effects)
}

// call makes a call as the worker.
func (b *bundle) call(t *testing.T, target string, in any) error {
	t.Helper()
	return aws.Client{URL: b.URL, Key: b.key}.Call(t.Context(), target, in, nil)
}

const send = "AmazonSQS.SendMessage"

var message = map[string]string{"QueueUrl": "http://127.0.0.1/000000000000/calls", "MessageBody": "hello"}

func codeOf(err error) string {
	if refusal, ok := errors.AsType[*aws.Error](err); ok {
		return refusal.Code
	}
	return fmt.Sprint(err)
}

func TestACallReachesLocalStackAsItWasMade(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	if err := b.call(t, send, message); err != nil {
		t.Fatal(err)
	}
	// LocalStack reads an account out of a key, so it gets another.
	want := []string{`SendMessage by test: {"MessageBody":"hello","QueueUrl":"http://127.0.0.1/000000000000/calls"}`}
	if got := b.seen(); !slices.Equal(got, want) || b.Count("worker", "sqs", "SendMessage") != 1 {
		t.Errorf("LocalStack saw %q, %d were counted", got, b.Count("worker", "sqs", "SendMessage"))
	}
}

func TestWhoIsNobodyReachesNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	revoked := b.Key("worker", b.role)
	b.Revoke(revoked)
	good := aws.Authorization(b.key, "sqs")
	for name, c := range map[string]struct{ authorization, target, code string }{
		"not signed":         {"", send, "MissingAuthenticationToken"},
		"a token of another": {"Bearer " + b.key, send, "MissingAuthenticationToken"},
		"no operation":       {good, "", "MissingAuthenticationToken"},
		"another region":     {strings.ReplaceAll(good, aws.Region, "us-east-1"), send, "InvalidSignatureException"},
		"no such key":        {aws.Authorization("ASIASOMEBODY", "sqs"), send, "UnrecognizedClientException"},
		"a process is gone":  {aws.Authorization(revoked, "sqs"), send, "UnrecognizedClientException"},
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Authorization", c.authorization)
		r.Header.Set("X-Amz-Target", c.target)
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if kind := got.Header.Get("X-Amzn-Errortype"); got.StatusCode != http.StatusBadRequest || kind != c.code {
			t.Errorf("%s: %d %s", name, got.StatusCode, kind)
		}
	}
	if got := b.seen(); len(got) != 0 {
		t.Errorf("LocalStack saw %q", got)
	}
}

func TestWhatARoleDoesNotAllowReachesNothing(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	item := func(table string) any {
		return map[string]any{"TableName": table, "Item": map[string]any{"PK": map[string]string{"S": "call#1"}, "SK": map[string]string{"S": "call"}}}
	}
	if err := b.call(t, "DynamoDB_20120810.PutItem", item("calls")); err != nil {
		t.Fatal(err)
	}
	for target, in := range map[string]any{
		"DynamoDB_20120810.PutItem":     item("other"),
		"DynamoDB_20120810.DeleteTable": map[string]string{"TableName": "calls"},
		"AmazonSQS.DeleteMessageBatch":  message,
		"AmazonSQS.PurgeQueue":          message,
	} {
		if err := b.call(t, target, in); codeOf(err) != "AccessDeniedException" {
			t.Errorf("%s: %v", target, err)
		}
	}
	if got := b.seen(); len(got) != 1 || len(b.role.Denied()) != 4 {
		t.Errorf("LocalStack saw %q, denied were %q", got, b.role.Denied())
	}
}

func TestAServiceOfOurOwnAnswersInLocalStacksPlace(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var got map[string]string
	err := aws.Client{URL: b.URL, Key: b.key}.Call(t.Context(), "AmazonEC2ContainerServiceV20141113.DescribeTasks", map[string]any{"cluster": "c", "tasks": []string{"t"}}, &got)
	if err != nil || got["operation"] != "DescribeTasks" {
		t.Errorf("%v %v", got, err)
	}
	if err := b.call(t, "AmazonEC2ContainerServiceV20141113.StopTask", map[string]string{"cluster": "c", "task": "t"}); codeOf(err) != "InvalidParameterException" {
		t.Errorf("%v", err)
	}
	if got := b.seen(); len(got) != 0 {
		t.Errorf("LocalStack saw %q", got)
	}
}

func TestAFaultHappensToTheCallsThatItFits(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault   front.Fault
		effects int    // of the first call
		code    string // its error
	}{
		"a refusal":                   {front.Fault{Refuse: front.Broken}, 0, "InternalServerError"},
		"a throttle":                  {front.Fault{Refuse: front.Throttled("sqs")}, 0, "RequestThrottled"},
		"a refusal made for the call": {front.Fault{RefuseWith: func(c front.Call) *aws.Error { return aws.Refuse(c.Operation, "no") }}, 0, "SendMessage"},
		"a request that is lost":      {front.Fault{Cut: front.BeforeEffect}, 0, "EOF"},
		"an answer that is lost":      {front.Fault{Cut: front.AfterEffect}, 1, "EOF"},
		"repeats":                     {front.Fault{Repeat: 4}, 5, "<nil>"},
		"of another caller":           {front.Fault{Caller: "api", Refuse: front.Broken}, 1, "<nil>"},
		"of another service":          {front.Fault{Service: "dynamodb", Refuse: front.Broken}, 1, "<nil>"},
		"of another operation":        {front.Fault{Operation: "PutItem", Refuse: front.Broken}, 1, "<nil>"},
		"of another body":             {front.Fault{Match: func(c front.Call) bool { return strings.Contains(string(c.Body), "bye") }, Refuse: front.Broken}, 1, "<nil>"},
	} {
		b := newBundle(t)
		c.fault.Times = 1
		b.Inject(c.fault)
		err := b.call(t, send, message)
		if got := len(b.seen()); got != c.effects || !strings.HasSuffix(codeOf(err), c.code) {
			t.Errorf("%s: %d effects, %v", name, got, err)
		}
		fits := !strings.HasPrefix(name, "of another")
		if left := b.Left(); (left == 0) != fits {
			t.Errorf("%s: %d are left", name, left)
		}
		if err := b.call(t, send, message); err != nil || len(b.seen()) != c.effects+1 {
			t.Errorf("%s, and the next call: %v", name, err)
		}
	}
}

func TestAFaultWithoutANumberLastsUntilItIsLifted(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	lift := b.Inject(front.Fault{Refuse: front.Broken})
	for range 3 {
		if err := b.call(t, send, message); codeOf(err) != front.Broken.Code {
			t.Errorf("%v", err)
		}
	}
	lift()
	if err := b.call(t, send, message); err != nil || b.Left() != 0 {
		t.Errorf("%v, %d are left", err, b.Left())
	}
}

func TestTheEffectIsBetweenBeforeAndAfter(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var steps []string
	step := func(name string) func(front.Call) {
		return func(c front.Call) {
			steps = append(steps, fmt.Sprintf("%s: %d effects of %s with %t", name, len(b.seen()), c.Caller, c.Key == b.key))
		}
	}
	b.Inject(front.Fault{Before: step("before"), After: step("after"), Times: 1})
	if err := b.call(t, send, message); err != nil {
		t.Fatal(err)
	}
	if want := []string{"before: 0 effects of worker with true", "after: 1 effects of worker with true"}; !slices.Equal(steps, want) {
		t.Errorf("%q", steps)
	}
}

// TestWhoeverGoesAwayEndsAWaitAndNothingElse: a call has its effect on AWS when the
// caller is gone, but a receive that waits would take messages that nobody handles.
func TestWhoeverGoesAwayEndsAWaitAndNothingElse(t *testing.T) {
	t.Parallel()
	for operation, ends := range map[string]bool{"ReceiveMessage": true, "SendMessage": false} {
		b := newBundle(t)
		b.hold = make(chan struct{})
		answered := make(chan struct{})
		b.Inject(front.Fault{After: func(front.Call) { close(answered) }, Times: 1})
		ctx, leave := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- aws.Client{URL: b.URL, Key: b.key}.Call(ctx, "AmazonSQS."+operation, message, nil) }()
		deadline := time.After(30 * time.Second)
		for len(b.seen()) == 0 {
			select {
			case <-time.After(time.Millisecond):
			case <-deadline:
				t.Fatal("nothing reached LocalStack")
			}
		}
		leave()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", operation, err)
		}
		noticed := 30 * time.Second
		if !ends {
			noticed = 300 * time.Millisecond // had it ended, it would have at once
		}
		select {
		case <-b.gone:
			if !ends {
				t.Errorf("%s: its effect ended with the caller", operation)
			}
		case <-time.After(noticed):
			if ends {
				t.Errorf("%s: LocalStack still waits for messages", operation)
			}
			close(b.hold)
		}
		<-answered
	}
}

func TestATransactionThatMeetsAnotherIsToldOfEachItem(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.role = iam.NewRole("Role", iam.Policy{Statement: []iam.Statement{{Effect: "Allow", Action: iam.OneOrMany{"dynamodb:PutItem"}, Resource: iam.OneOrMany{"*"}}}})
	b.key = b.Key("api", b.role)
	b.Inject(front.Fault{RefuseWith: front.TransactionConflict, Times: 1})
	put := map[string]any{"Put": map[string]any{"TableName": "calls", "Item": map[string]any{"PK": map[string]string{"S": "1"}, "SK": map[string]string{"S": "1"}}}}
	body, err := json.Marshal(map[string]any{"TransactItems": []any{put, put}})
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.URL, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", aws.Authorization(b.key, "dynamodb"))
	r.Header.Set("X-Amz-Target", "DynamoDB_20120810.TransactWriteItems")
	got, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = got.Body.Close() }()
	answer, err := io.ReadAll(got.Body)
	if err != nil {
		t.Fatal(err)
	}
	var refusal struct {
		Type                string `json:"__type"`
		CancellationReasons []struct{ Code string }
	}
	if err := json.Unmarshal(answer, &refusal); err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(refusal.Type, "#TransactionCanceledException") || len(refusal.CancellationReasons) != 2 ||
		refusal.CancellationReasons[1].Code != "TransactionConflict" || got.StatusCode != http.StatusBadRequest {
		t.Errorf("%d %s", got.StatusCode, answer)
	}
	if sum := fmt.Sprint(crc32.ChecksumIEEE(answer)); got.Header.Get("X-Amz-Crc32") != sum {
		t.Errorf("the checksum is %s, want %s", got.Header.Get("X-Amz-Crc32"), sum)
	}
}
