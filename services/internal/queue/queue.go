// Package queue says what Outdial needs of a message queue, in SQS's terms:
// delivery at least once, in any order, with a visibility timeout, delays, a
// receive count and a dead-letter queue.
package queue

import (
	"context"
	"time"
)

// Name is the name of a queue.
type Name string

// The queues.
const (
	Calls       Name = "calls"               // jobs for the worker
	CallsDead   Name = "calls-dead-letters"  // marked jobs, and jobs that nobody could read
	Events      Name = "events"              // events for the tracker
	EventsDead  Name = "events-dead-letters" // events that nobody could read
	MaxDelay         = 15 * time.Minute      // longest delay of a message
	MaxBatch         = 10                    // messages in one request
	MaxReceives      = 20                    // receives after which a message is moved to the dead-letter queue
)

// DeadLetterQueue is where messages of queue n go that were received MaxReceives
// times without being deleted; "" for a dead-letter queue itself.
func (n Name) DeadLetterQueue() Name {
	switch n {
	case Calls:
		return CallsDead
	case Events:
		return EventsDead
	}
	return ""
}

// Message is a message to be sent.
type Message struct {
	Body  []byte
	Delay time.Duration // at most MaxDelay
	Group string        // SQS's MessageGroupId: whose message it is, for fair queues
}

// Received is a message that was received and is invisible to others until its
// visibility timeout is over.
type Received struct {
	ID           string
	Body         []byte
	Receipt      string // names this receive: needed to delete
	ReceiveCount int    // from 1
	SentAt       time.Time
}

// Queue sends, receives and deletes messages.
type Queue interface {
	// Send sends all messages or gives an error; after an error some may have been sent.
	Send(ctx context.Context, name Name, messages ...Message) error
	// Receive gives up to max (1 to MaxBatch) messages that are visible now, and hides them.
	Receive(ctx context.Context, name Name, max int, visibility time.Duration) ([]Received, error)
	// Delete removes messages for good. A receipt whose visibility timeout is over
	// may still delete its message, as long as nobody else received it; else it does nothing.
	Delete(ctx context.Context, name Name, receipts ...string) error
	// ChangeVisibility makes a received message visible again after d from now.
	ChangeVisibility(ctx context.Context, name Name, receipt string, d time.Duration) error
}
