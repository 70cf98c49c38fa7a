// Package sqs sends Outdial's messages with Amazon SQS. Nothing here receives:
// Lambda does, and hands messages to the functions.
package sqs

import (
	"context"
	"errors"
	"fmt"
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
// sent. A message that SQS refuses for good keeps no other from being sent, and the
// error names it. A delay is rounded up to whole seconds, which is what SQS knows,
// so that no message comes early.
func (s *Sender) Send(ctx context.Context, name queue.Name, messages ...queue.Message) error {
	url := s.urls[name]
	if url == "" {
		return fmt.Errorf("send to queue %s: its URL isn't configured", name)
	}
	var refused error
	for len(messages) > 0 {
		n := min(len(messages), queue.MaxBatch)
		wrong, err := s.sendBatch(ctx, url, entries(messages[:n]))
		refused = errors.Join(refused, wrong)
		if err != nil {
			return fmt.Errorf("send to queue %s: %w", name, errors.Join(refused, err))
		}
		messages = messages[n:]
	}
	if refused != nil {
		return fmt.Errorf("send to queue %s: %w", name, refused)
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
// those are sent again, but for what SQS says is wrong: refused is about those.
func (s *Sender) sendBatch(ctx context.Context, url string, batch []types.SendMessageBatchRequestEntry) (refused, failed error) {
	for range tries {
		out, err := s.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: &url, Entries: batch})
		if err != nil {
			return refused, err
		}
		var wrong error
		batch, wrong, failed = left(batch, out)
		if refused = errors.Join(refused, wrong); len(batch) == 0 {
			return refused, nil
		}
	}
	return refused, failed
}

// left gives the entries of a batch that are to be sent again, because SQS doesn't
// say that it took them, and why; and what it says of those that it never will.
func left(batch []types.SendMessageBatchRequestEntry, out *sqs.SendMessageBatchOutput) (rest []types.SendMessageBatchRequestEntry, wrong, failed error) {
	took := map[string]bool{}
	for _, t := range out.Successful {
		took[aws.ToString(t.Id)] = true
	}
	why := map[string]types.BatchResultErrorEntry{}
	for _, f := range out.Failed {
		why[aws.ToString(f.Id)] = f
	}
	for _, entry := range batch {
		f := why[*entry.Id]
		switch {
		case took[*entry.Id]:
		case f.SenderFault:
			wrong = errors.Join(wrong, fmt.Errorf("message %s is refused: %w", shown(entry), reason(f)))
		default:
			rest = append(rest, entry)
			failed = errors.Join(failed, fmt.Errorf("message %s is not taken: %w", shown(entry), reason(f)))
		}
	}
	return rest, wrong, failed
}

func reason(f types.BatchResultErrorEntry) error {
	if f.Code == nil {
		return errors.New("SQS doesn't say why")
	}
	return fmt.Errorf("%s: %s", *f.Code, aws.ToString(f.Message))
}

// mostShown is how many bytes of a message an error shows: enough for the call's
// id. Messages hold nothing personal.
const mostShown = 200

func shown(entry types.SendMessageBatchRequestEntry) string {
	body := aws.ToString(entry.MessageBody)
	return body[:min(len(body), mostShown)]
}
