// Package sqs sends Outdial's messages with Amazon SQS. Nothing here receives:
// Lambda does, and hands messages to the functions.
package sqs

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/outdial/outdial/services/internal/queue"
)

// tries is how often a message is sent that SQS has not taken. What fails without
// the sender's fault fails at one of SQS's machines, and seldom at the next.
const tries = 3

// Sender is the sending half of queues of SQS, as queue.Sender wants it. Its
// method may be called at the same time.
//
// A request whose answer is lost is repeated, so a message may come twice. That
// does no harm: a queue of SQS delivers at least once anyway.
type Sender struct {
	client *sqs.Client
	urls   map[queue.Name]string
}

// New gives the sender of the queues that have a URL here.
func New(client *sqs.Client, urls map[queue.Name]string) *Sender {
	return &Sender{client: client, urls: urls}
}

// Send sends all messages or gives an error; after an error some may have been
// sent. A delay is rounded up to whole seconds, which is what SQS knows, so that
// no message comes early.
func (s *Sender) Send(ctx context.Context, name queue.Name, messages ...queue.Message) error {
	url := s.urls[name]
	if url == "" {
		return fmt.Errorf("send to queue %s: its URL isn't configured", name)
	}
	for len(messages) > 0 {
		n := min(len(messages), queue.MaxBatch)
		if err := s.sendBatch(ctx, url, entries(messages[:n])); err != nil {
			return fmt.Errorf("send to queue %s: %w", name, err)
		}
		messages = messages[n:]
	}
	return nil
}

func entries(messages []queue.Message) []types.SendMessageBatchRequestEntry {
	out := make([]types.SendMessageBatchRequestEntry, len(messages))
	for i, m := range messages {
		out[i] = types.SendMessageBatchRequestEntry{
			Id:           aws.String(strconv.Itoa(i)),
			MessageBody:  aws.String(string(m.Body)),
			DelaySeconds: seconds(m.Delay),
		}
		if m.Group != "" {
			out[i].MessageGroupId = &m.Group
		}
	}
	return out
}

// seconds is a delay as SQS takes it: whole seconds, at most 900.
func seconds(delay time.Duration) int32 {
	delay = min(max(delay, 0), queue.MaxDelay)
	return int32((delay + time.Second - 1) / time.Second)
}

// sendBatch sends up to ten messages. SQS may take some of them and not others;
// those are sent again, unless SQS says that they are wrong.
func (s *Sender) sendBatch(ctx context.Context, url string, batch []types.SendMessageBatchRequestEntry) error {
	var failed error
	for range tries {
		out, err := s.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: batch})
		if err != nil {
			return err
		}
		if batch = left(batch, out.Successful); len(batch) == 0 {
			return nil
		}
		failed = failures(len(batch), out.Failed)
		if slices.ContainsFunc(out.Failed, func(f types.BatchResultErrorEntry) bool { return f.SenderFault }) {
			return failed
		}
	}
	return failed
}

// left gives the entries of a batch that SQS doesn't say it took.
func left(batch []types.SendMessageBatchRequestEntry, taken []types.SendMessageBatchResultEntry) []types.SendMessageBatchRequestEntry {
	took := map[string]bool{}
	for _, t := range taken {
		took[aws.ToString(t.Id)] = true
	}
	var rest []types.SendMessageBatchRequestEntry
	for _, entry := range batch {
		if !took[*entry.Id] {
			rest = append(rest, entry)
		}
	}
	return rest
}

// failures says why messages were not taken.
func failures(count int, all []types.BatchResultErrorEntry) error {
	errs := []error{fmt.Errorf("messages not taken: %d", count)}
	for _, f := range all {
		errs = append(errs, fmt.Errorf("%s: %s", aws.ToString(f.Code), aws.ToString(f.Message)))
	}
	return errors.Join(errs...)
}
