package world

import (
	"context"
	"encoding/json"
	"strconv"
	"testing"
)

// Send sends a message to a queue of the data stack, such as CallsQueueUrl, as
// its owner.
func (w *World) Send(t testing.TB, queue, body string) {
	t.Helper()
	if err := w.send(t.Context(), queue, body); err != nil {
		t.Fatal(err)
	}
}

func (w *World) send(ctx context.Context, queue, body string) error {
	return w.AWS.Call(ctx, "AmazonSQS.SendMessage", map[string]string{"QueueUrl": w.Data[queue], "MessageBody": body}, nil)
}

// SendTraced sends a message that follows from requests with a trace header.
func (w *World) SendTraced(t testing.TB, queue, body, trace string) {
	t.Helper()
	err := w.AWS.Call(t.Context(), "AmazonSQS.SendMessage", map[string]any{
		"QueueUrl": w.Data[queue], "MessageBody": body,
		"MessageSystemAttributes": map[string]any{"AWSTraceHeader": map[string]string{"DataType": "String", "StringValue": trace}},
	}, nil)
	if err != nil {
		t.Fatal(err)
	}
}

// Bodies are the bodies of up to ten messages of a queue, which stay there.
func (w *World) Bodies(t testing.TB, queue string) []string {
	t.Helper()
	var got struct{ Messages []struct{ Body string } }
	err := w.AWS.Call(t.Context(), "AmazonSQS.ReceiveMessage", map[string]any{
		"QueueUrl": w.Data[queue], "MaxNumberOfMessages": 10, "VisibilityTimeout": 0,
	}, &got)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, one := range got.Messages {
		bodies = append(bodies, one.Body)
	}
	return bodies
}

// Waits waits until so many messages are in a queue, seen or not.
func (w *World) Waits(t testing.TB, queue string, want int) {
	t.Helper()
	names := []string{"ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"}
	Eventually(t, strconv.Itoa(want)+" messages in "+queue, func() int {
		var got struct{ Attributes map[string]json.Number }
		err := w.AWS.Call(t.Context(), "AmazonSQS.GetQueueAttributes", map[string]any{"QueueUrl": w.Data[queue], "AttributeNames": names}, &got)
		if err != nil {
			t.Fatal(err)
		}
		total := 0
		for _, name := range names {
			n, err := strconv.Atoi(got.Attributes[name].String())
			if err != nil {
				t.Fatal(err)
			}
			total += n
		}
		return total
	}, func(n int) bool { return n == want })
}
