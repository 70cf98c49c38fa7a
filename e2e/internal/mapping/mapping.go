// Package mapping is Lambda's event source mapping of a queue: it receives with
// the function's role, invokes, and deletes what was handled.
package mapping

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// wait is how long one receive waits for messages.
const wait = 5

// Function is what a mapping invokes.
type Function interface {
	Invoke(ctx context.Context, event []byte) ([]byte, error)
}

// Config is a mapping.
type Config struct {
	QueueURL         string
	QueueARN         string
	BatchSize        int  // 1 to 10
	Concurrency      int  // invocations at once
	ReportsFailures  bool // FunctionResponseTypes has ReportBatchItemFailures
	Function         Function
	SQS              aws.Client    // calls with the function's role
	Operator         aws.Client    // calls as LocalStack's owner
	RedeliveredAfter time.Duration // a message that failed is seen again then, and not after the queue's minutes
	Log              func(format string, args ...any)
}

// Mapping is a mapping that runs.
type Mapping struct {
	config Config
	cancel context.CancelFunc
	done   sync.WaitGroup
}

// Start starts a mapping.
func Start(c Config) *Mapping {
	ctx, cancel := context.WithCancel(context.Background())
	m := &Mapping{config: c, cancel: cancel}
	for range c.Concurrency {
		m.done.Go(func() { m.poll(ctx) })
	}
	return m
}

// Stop ends the mapping, after the invocations that run.
func (m *Mapping) Stop() {
	m.cancel()
	m.done.Wait()
}

type message struct {
	MessageId, ReceiptHandle, Body string
	MD5OfBody                      string
	Attributes                     map[string]string
}

func (m *Mapping) poll(ctx context.Context) {
	for ctx.Err() == nil {
		var got struct{ Messages []message }
		err := m.config.SQS.Call(ctx, "AmazonSQS.ReceiveMessage", map[string]any{
			"QueueUrl": m.config.QueueURL, "MaxNumberOfMessages": m.config.BatchSize, "WaitTimeSeconds": wait,
			"MessageSystemAttributeNames": []string{"All"},
		}, &got)
		if err != nil {
			pause(ctx, 200*time.Millisecond) // the queue can't be reached
			continue
		}
		if len(got.Messages) > 0 {
			m.handle(context.WithoutCancel(ctx), got.Messages)
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

func (m *Mapping) handle(ctx context.Context, messages []message) {
	event, err := json.Marshal(m.event(messages))
	if err != nil {
		m.config.Log("mapping: %v", err)
		return
	}
	answer, err := m.config.Function.Invoke(ctx, event)
	failed := map[string]bool{}
	if err == nil && m.config.ReportsFailures {
		failed, err = failures(answer, messages)
	}
	if err != nil {
		m.config.Log("mapping: %v", err)
		for _, one := range messages {
			failed[one.MessageId] = true
		}
	}
	m.delete(ctx, slices.DeleteFunc(slices.Clone(messages), func(one message) bool { return failed[one.MessageId] }))
	m.redeliver(ctx, slices.DeleteFunc(messages, func(one message) bool { return !failed[one.MessageId] }))
}

// failures reads a partial answer: nothing failed when it is empty, and everything
// did when it names what was not in the batch.
func failures(answer []byte, messages []message) (map[string]bool, error) {
	failed := map[string]bool{}
	var reported struct {
		Failures []struct {
			ID string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if err := json.Unmarshal(answer, &reported); err != nil {
		return failed, fmt.Errorf("no partial answer: %s", answer)
	}
	for _, f := range reported.Failures {
		if !slices.ContainsFunc(messages, func(one message) bool { return one.MessageId == f.ID }) {
			return failed, fmt.Errorf("a partial answer names %q, which was not in the batch", f.ID)
		}
		failed[f.ID] = true
	}
	return failed, nil
}

func (m *Mapping) delete(ctx context.Context, messages []message) {
	if len(messages) == 0 {
		return
	}
	entries := make([]map[string]string, len(messages))
	for i, one := range messages {
		entries[i] = map[string]string{"Id": fmt.Sprint(i), "ReceiptHandle": one.ReceiptHandle}
	}
	in := map[string]any{"QueueUrl": m.config.QueueURL, "Entries": entries}
	for range 3 { // else they come again, which has to be fine
		err := m.config.SQS.Call(ctx, "AmazonSQS.DeleteMessageBatch", in, nil)
		if err == nil {
			return
		}
		m.config.Log("mapping: %v", err)
	}
}

func (m *Mapping) redeliver(ctx context.Context, messages []message) {
	for _, one := range messages {
		err := m.config.Operator.Call(ctx, "AmazonSQS.ChangeMessageVisibility", map[string]any{
			"QueueUrl": m.config.QueueURL, "ReceiptHandle": one.ReceiptHandle,
			"VisibilityTimeout": int(m.config.RedeliveredAfter.Seconds()),
		}, nil)
		if err != nil {
			m.config.Log("mapping: %v", err)
		}
	}
}

// event is a batch as functions get it.
func (m *Mapping) event(messages []message) map[string]any {
	records := make([]map[string]any, len(messages))
	for i, one := range messages {
		records[i] = map[string]any{
			"messageId": one.MessageId, "receiptHandle": one.ReceiptHandle, "body": one.Body,
			"attributes": one.Attributes, "messageAttributes": map[string]any{}, "md5OfBody": one.MD5OfBody,
			"eventSource": "aws:sqs", "eventSourceARN": m.config.QueueARN, "awsRegion": aws.Region,
		}
	}
	return map[string]any{"Records": records}
}
