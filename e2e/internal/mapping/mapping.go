// Package mapping is Lambda's event source mapping of a queue: it receives with
// the function's role, invokes, and deletes what was handled.
package mapping

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// wait is how long one receive waits for messages.
const wait = 5

// Function is what a mapping invokes. Traces are the trace headers of the requests
// that sent the messages.
type Function interface {
	InvokeTraced(ctx context.Context, traces []string, event []byte) ([]byte, error)
}

// Config is a mapping.
type Config struct {
	QueueURL         string
	QueueARN         string
	BatchSize        int           // 1 to 10
	Window           time.Duration // how long a batch that isn't full waits for more; whole seconds
	Concurrency      int           // invocations at once
	ReportsFailures  bool          // FunctionResponseTypes has ReportBatchItemFailures
	Function         Function
	SQS              aws.Client    // calls with the function's role
	Operator         aws.Client    // calls as LocalStack's owner
	RedeliveredAfter time.Duration // a message that failed is seen again then, whatever the queue's visibility timeout
	Log              func(format string, args ...any)
}

// Copies is how often more than once the very same message comes: a standard queue
// delivers at least once. Each has the message's id, and a receipt of its own.
type Copies struct {
	AtOnce     int // while the first delivery is being handled, in other environments
	Afterwards int // one after the other, when the message was handled and is deleted
}

// Mapping is a mapping that runs.
type Mapping struct {
	config Config
	cancel context.CancelFunc
	done   sync.WaitGroup

	mu     sync.Mutex
	copies Copies
}

// Deliver has all messages from now on come more than once.
func (m *Mapping) Deliver(c Copies) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.copies = c
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
		messages, err := m.receive(ctx, m.config.BatchSize, wait)
		if err != nil {
			pause(ctx, 200*time.Millisecond) // the queue can't be reached
			continue
		}
		if len(messages) > 0 {
			m.handle(context.WithoutCancel(ctx), m.fill(ctx, messages))
		}
	}
}

// fill waits for more messages until the batch is full or its window is over.
func (m *Mapping) fill(ctx context.Context, messages []message) []message {
	over := time.Now().Add(m.config.Window)
	for left := m.config.Window; left > 0 && len(messages) < m.config.BatchSize; left = time.Until(over) {
		seconds := int((left + time.Second - 1) / time.Second)
		more, err := m.receive(ctx, m.config.BatchSize-len(messages), seconds)
		if err != nil {
			break // what has come is handled
		}
		messages = append(messages, more...)
	}
	return messages
}

func (m *Mapping) receive(ctx context.Context, atMost, seconds int) ([]message, error) {
	var got struct{ Messages []message }
	err := m.config.SQS.Call(ctx, "AmazonSQS.ReceiveMessage", map[string]any{
		"QueueUrl": m.config.QueueURL, "MaxNumberOfMessages": atMost, "WaitTimeSeconds": seconds,
		"MessageSystemAttributeNames": []string{"All"},
	}, &got)
	return got.Messages, err
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// handle invokes with a batch, and settles its messages by the answer to the first
// delivery. What becomes of copies changes nothing: a message that was deleted by
// one of its receipts is gone.
func (m *Mapping) handle(ctx context.Context, messages []message) {
	m.mu.Lock()
	copies := m.copies
	m.mu.Unlock()
	var others sync.WaitGroup
	for n := range copies.AtOnce {
		others.Go(func() { m.invoke(ctx, again(messages, n+1)) })
	}
	failed := m.invoke(ctx, messages)
	others.Wait()
	m.delete(ctx, slices.DeleteFunc(slices.Clone(messages), func(one message) bool { return failed[one.MessageId] }))
	m.redeliver(ctx, slices.DeleteFunc(slices.Clone(messages), func(one message) bool { return !failed[one.MessageId] }))
	for n := range copies.Afterwards {
		m.invoke(ctx, again(messages, copies.AtOnce+n+1))
	}
}

// again are the same messages, as they come the n-th time more.
func again(messages []message, n int) []message {
	copies := slices.Clone(messages)
	for i := range copies {
		one := &copies[i]
		one.ReceiptHandle += "-" + strconv.Itoa(n)
		one.Attributes = maps.Clone(one.Attributes)
		if received, err := strconv.Atoi(one.Attributes[receiveCount]); err == nil {
			one.Attributes[receiveCount] = strconv.Itoa(received + n)
		}
	}
	return copies
}

const receiveCount = "ApproximateReceiveCount"

// invoke hands a batch to the function, and gives the ids of the messages that failed.
func (m *Mapping) invoke(ctx context.Context, messages []message) map[string]bool {
	failed := map[string]bool{}
	event, err := json.Marshal(m.event(messages))
	var answer []byte
	if err == nil {
		answer, err = m.config.Function.InvokeTraced(ctx, traces(messages), event)
	}
	if err == nil && m.config.ReportsFailures {
		failed, err = failures(answer, messages)
	}
	if err != nil {
		m.config.Log("mapping: %v", err)
		for _, one := range messages {
			failed[one.MessageId] = true
		}
	}
	return failed
}

// traces are the trace headers that messages were sent with.
func traces(messages []message) (all []string) {
	for _, one := range messages {
		if trace := one.Attributes["AWSTraceHeader"]; trace != "" {
			all = append(all, trace)
		}
	}
	return all
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
