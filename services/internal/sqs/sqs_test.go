package sqs_test

import (
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awssqs "github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	contract "github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/localstack"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/sqs"
)

// What needs LocalStack runs in full mode only.
func TestOnLocalStack(t *testing.T) {
	if testing.Short() {
		return
	}
	client := awssqs.NewFromConfig(localstack.Config(t))
	t.Run("all messages arrive, each as it was sent", func(t *testing.T) { arrive(t, client) })
	t.Run("a delayed message waits", func(t *testing.T) { delayed(t, client) })
	t.Run("jobs and events go to their queues", func(t *testing.T) { typed(t, client) })
}

// newQueue makes a queue of this test's own and gives its URL.
func newQueue(t *testing.T, client *awssqs.Client, name queue.Name) string {
	t.Helper()
	unique := fmt.Sprintf("%s-%d", name, time.Now().UnixNano())
	out, err := client.CreateQueue(t.Context(), &awssqs.CreateQueueInput{QueueName: &unique})
	if err != nil {
		t.Fatal(err)
	}
	return *out.QueueUrl
}

// receive waits for n messages and deletes them.
func receive(t *testing.T, client *awssqs.Client, url string, n int) []types.Message {
	t.Helper()
	var all []types.Message
	for end := time.Now().Add(20 * time.Second); len(all) < n; {
		out, err := client.ReceiveMessage(t.Context(), &awssqs.ReceiveMessageInput{
			QueueUrl: &url, MaxNumberOfMessages: 10, WaitTimeSeconds: 1,
			MessageSystemAttributeNames: []types.MessageSystemAttributeName{types.MessageSystemAttributeNameAll},
		})
		if err != nil || time.Now().After(end) {
			t.Fatalf("%d of %d messages came: %v", len(all), n, err)
		}
		for _, m := range out.Messages {
			all = append(all, m)
			if _, err := client.DeleteMessage(t.Context(), &awssqs.DeleteMessageInput{QueueUrl: &url, ReceiptHandle: m.ReceiptHandle}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return all
}

func arrive(t *testing.T, client *awssqs.Client) {
	url := newQueue(t, client, queue.Calls)
	sender := sqs.New(client, map[queue.Name]string{queue.Calls: url})
	var all []queue.Message
	var want []string
	for i := range 23 {
		m := queue.Message{Body: []byte(fmt.Sprintf(`{"n": %d, "ü": "<&>"}`, i))}
		if i%2 == 0 {
			m.Group = "owner-" + strconv.Itoa(i%3)
		}
		all, want = append(all, m), append(want, string(m.Body)+" "+m.Group)
	}
	if err := sender.Send(t.Context(), queue.Calls, all...); err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, m := range receive(t, client, url, len(all)) {
		got = append(got, *m.Body+" "+m.Attributes["MessageGroupId"])
	}
	slices.Sort(got)
	if slices.Sort(want); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func delayed(t *testing.T, client *awssqs.Client) {
	url := newQueue(t, client, queue.Calls)
	sender := sqs.New(client, map[queue.Name]string{queue.Calls: url})
	if err := sender.Send(t.Context(), queue.Calls, queue.Message{Body: []byte("later"), Delay: queue.MaxDelay}); err != nil {
		t.Fatal(err)
	}
	out, err := client.GetQueueAttributes(t.Context(), &awssqs.GetQueueAttributesInput{
		QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll},
	})
	if err != nil {
		t.Fatal(err)
	}
	visible, waiting := out.Attributes["ApproximateNumberOfMessages"], out.Attributes["ApproximateNumberOfMessagesDelayed"]
	if visible != "0" || waiting != "1" {
		t.Errorf("%s messages are visible and %s wait", visible, waiting)
	}
}

func typed(t *testing.T, client *awssqs.Client) {
	urls := map[queue.Name]string{}
	for _, name := range []queue.Name{queue.Calls, queue.CallsDead, queue.Events} {
		urls[name] = newQueue(t, client, name)
	}
	sender := sqs.New(client, urls)
	jobs, events := queue.JobSender{Queue: sender}, queue.EventSender{Queue: sender}
	job, dead := contract.Job{CallID: "call_01J", Attempt: 1}, contract.Job{CallID: "call_01J", Attempt: 2, Dead: true}
	for _, err := range []error{
		jobs.Send(t.Context(), 10*time.Millisecond, job), jobs.SendDead(t.Context(), dead), events.Look(t.Context()),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[queue.Name]string{
		queue.Calls: string(job.Encode()), queue.CallsDead: string(dead.Encode()), queue.Events: `{"schema":"call-event.v1","type":"look"}`,
	} {
		if got := aws.ToString(receive(t, client, urls[name], 1)[0].Body); got != want {
			t.Errorf("%s holds %s; want %s", name, got, want)
		}
	}
}
