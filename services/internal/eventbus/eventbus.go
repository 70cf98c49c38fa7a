// Package eventbus carries events over Amazon EventBridge: agents put theirs on a
// bus, and rules lead them, the end of tasks and the minute tick to the events
// queue, where the tracker finds them.
package eventbus

import (
	"context"
	"errors"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge"
	"github.com/aws/aws-sdk-go-v2/service/eventbridge/types"

	"github.com/outdial/outdial/contracts/messages"
)

// Source is the source of an agent's events on the bus. Their detail type is the
// type of the event, and their detail the call-event.v1 message.
const Source = "outdial.agent"

// Publisher puts an agent's events on a bus. Its method may be called at the same time.
type Publisher struct {
	client *eventbridge.Client
	bus    string
}

// NewPublisher gives the publisher of a bus, by its name or ARN.
func NewPublisher(client *eventbridge.Client, bus string) *Publisher {
	return &Publisher{client: client, bus: bus}
}

// Publish puts an event on the bus. After an error it may be there all the same; an
// event that comes twice does no harm.
func (p *Publisher) Publish(ctx context.Context, e messages.Event) error {
	detail, err := messages.EncodeEvent(e)
	if err != nil {
		return fmt.Errorf("encode an event: %w", err)
	}
	entry := types.PutEventsRequestEntry{
		EventBusName: &p.bus,
		Source:       aws.String(Source),
		DetailType:   aws.String(string(e.Type)),
		Detail:       aws.String(string(detail)),
	}
	if !e.At.IsZero() {
		entry.Time = &e.At
	}
	out, err := p.client.PutEvents(ctx, &eventbridge.PutEventsInput{Entries: []types.PutEventsRequestEntry{entry}})
	if err != nil {
		return fmt.Errorf("put an event on bus %s: %w", p.bus, err)
	}
	if out.FailedEntryCount > 0 { // of one entry
		return fmt.Errorf("put an event on bus %s: %w", p.bus, refusal(out.Entries))
	}
	return nil
}

// refusal says why an answer that looks good has not taken the event.
func refusal(entries []types.PutEventsResultEntry) error {
	for _, e := range entries {
		if e.ErrorCode != nil {
			return fmt.Errorf("%s: %s", *e.ErrorCode, aws.ToString(e.ErrorMessage))
		}
	}
	return errors.New("refused without a reason")
}
