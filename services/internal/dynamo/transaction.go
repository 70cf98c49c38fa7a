package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/outdial/outdial/services/internal/call"
)

// MaxActions is how many items one transaction writes or checks at most.
const MaxActions = 100

// action is what a write does to one item, and what it requires of it. Names of
// attributes always go through placeholders, so that none can be a reserved word.
type action struct {
	at         key
	put        item     // the whole item; nil: an update
	set        item     // attributes that get a value
	add        item     // attributes that are added to
	remove     []string // attributes that are taken off
	conditions []string // all must hold
	values     item     // of the conditions' placeholders

	// refused is the error when the conditions don't hold for the stored item, nil
	// if there is none.
	refused func(stored item) error

	// An update alone may answer with the item as it is afterwards.
	answer bool
	after  item
}

// where adds a condition. Attributes are written #name, values :name.
func (a *action) where(condition string, values item) {
	a.conditions = append(a.conditions, "("+condition+")")
	if a.values == nil {
		a.values = item{}
	}
	maps.Copy(a.values, values)
}

// absent requires that the item isn't there.
func (a *action) absent() { a.where("attribute_not_exists(#"+partitionKey+")", nil) }

// expressions gives the action's condition and update with their names and values.
func (a *action) expressions() (condition, update *string, names map[string]string, values item) {
	names, values = map[string]string{}, maps.Clone(a.values)
	if values == nil {
		values = item{}
	}
	name := func(attribute string) string {
		names["#"+attribute] = attribute
		return "#" + attribute
	}
	var clauses []string
	clause := func(verb string, of item, operator string) {
		var parts []string
		for _, attribute := range slices.Sorted(maps.Keys(of)) {
			values[":new_"+attribute] = of[attribute]
			parts = append(parts, name(attribute)+operator+":new_"+attribute)
		}
		if len(parts) > 0 {
			clauses = append(clauses, verb+" "+strings.Join(parts, ", "))
		}
	}
	clause("SET", a.set, " = ")
	clause("ADD", a.add, " ")
	var removed []string
	for _, attribute := range a.remove {
		removed = append(removed, name(attribute))
	}
	if len(removed) > 0 {
		clauses = append(clauses, "REMOVE "+strings.Join(removed, ", "))
	}
	if len(clauses) > 0 {
		update = aws.String(strings.Join(clauses, " "))
	}
	if len(a.conditions) > 0 {
		condition = aws.String(strings.Join(a.conditions, " AND "))
		namesIn(*condition, names)
	}
	if len(names) == 0 {
		names = nil
	}
	if len(values) == 0 {
		values = nil
	}
	return condition, update, names, values
}

// namesIn adds the names that stand in a condition.
func namesIn(condition string, names map[string]string) {
	for i := 0; i < len(condition); i++ {
		if condition[i] != '#' {
			continue
		}
		end := i + 1
		for end < len(condition) && (condition[end] == '_' || isAlphanumeric(condition[end])) {
			end++
		}
		names[condition[i:end]] = condition[i+1 : end]
	}
}

func isAlphanumeric(b byte) bool {
	return b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9'
}

// The answers to a write that lost to another are waited out so often, each time
// up to twice as long.
const (
	busyTries = 10
	firstWait = 10 * time.Millisecond
	maxWait   = 500 * time.Millisecond
)

// write makes all actions or none. It gives the error of the first action whose
// condition did not hold. A single action needs no transaction, which costs twice
// its units.
//
// The SDK repeats no write: a repeat after a lost answer would be refused by its
// own effect. What is repeated here was answered with a certain no.
func (s *Store) write(ctx context.Context, actions []*action) error {
	if len(actions) > MaxActions {
		return fmt.Errorf("a transaction of %d items, and %d are the most", len(actions), MaxActions)
	}
	wait := firstWait
	for try := 1; ; try++ {
		err := s.writeOnce(ctx, actions)
		if !errors.Is(err, errBusy) && !errors.Is(err, errThrottle) {
			return err
		}
		if try == busyTries || !s.pause(ctx, wait) {
			if errors.Is(err, errBusy) {
				return fmt.Errorf("%w: %w", call.ErrConflict, err)
			}
			return unavailable(err)
		}
		wait = min(2*wait, maxWait)
	}
}

// pause waits up to d, and tells whether the caller still has time afterwards.
func (s *Store) pause(ctx context.Context, d time.Duration) bool {
	d = d/2 + rand.N(d/2+1) //nolint:gosec // only so that two don't meet again
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) < 2*d {
		return false
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}

func (s *Store) writeOnce(ctx context.Context, actions []*action) error {
	if err := ctx.Err(); err != nil {
		return err // nothing was sent
	}
	if len(actions) == 1 {
		return s.writeAlone(ctx, actions[0])
	}
	input := &dynamodb.TransactWriteItemsInput{TransactItems: make([]types.TransactWriteItem, len(actions))}
	for i, a := range actions {
		input.TransactItems[i] = a.transactional(s.table)
	}
	_, err := s.client.TransactWriteItems(ctx, input, noRetries)
	if canceled, ok := errors.AsType[*types.TransactionCanceledException](err); ok {
		return refusal(actions, canceled)
	}
	return writeError(err)
}

// refusal is what a canceled transaction means. Actions stand in the order in
// which their conditions are told. Only when none of them was refused does it
// matter that another transaction was in the way.
func refusal(actions []*action, canceled *types.TransactionCanceledException) error {
	var other error
	for i, reason := range canceled.CancellationReasons {
		if i >= len(actions) {
			break
		}
		switch code := aws.ToString(reason.Code); {
		case code == "" || code == "None":
		case code == "ConditionalCheckFailed":
			return actions[i].refused(reason.Item)
		case code == "TransactionConflict":
			other = errBusy
		case throttles[code]:
			if other == nil {
				other = fmt.Errorf("%w: %w", errThrottle, canceled)
			}
		default:
			return fmt.Errorf("not written: %s: %s", code, aws.ToString(reason.Message))
		}
	}
	if other == nil {
		return fmt.Errorf("not written, for no reason told: %w", canceled)
	}
	return other
}

func (s *Store) writeAlone(ctx context.Context, a *action) error {
	condition, update, names, values := a.expressions()
	var err error
	if a.put != nil {
		_, err = s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table, Item: a.put, ConditionExpression: condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}, noRetries)
	} else {
		input := &dynamodb.UpdateItemInput{
			TableName: &s.table, Key: a.at.item(), ConditionExpression: condition, UpdateExpression: update,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values,
			ReturnValuesOnConditionCheckFailure: types.ReturnValuesOnConditionCheckFailureAllOld,
		}
		if a.answer {
			input.ReturnValues = types.ReturnValueAllNew
		}
		var out *dynamodb.UpdateItemOutput
		if out, err = s.client.UpdateItem(ctx, input, noRetries); err == nil {
			a.after = out.Attributes
		}
	}
	if failed, ok := errors.AsType[*types.ConditionalCheckFailedException](err); ok {
		return a.refused(failed.Item)
	}
	return writeError(err)
}

// transactional is the action as a part of a transaction.
func (a *action) transactional(table string) types.TransactWriteItem {
	condition, update, names, values := a.expressions()
	const allOld = types.ReturnValuesOnConditionCheckFailureAllOld
	if a.put != nil {
		return types.TransactWriteItem{Put: &types.Put{
			TableName: &table, Item: a.put, ConditionExpression: condition,
			ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: allOld,
		}}
	}
	return types.TransactWriteItem{Update: &types.Update{
		TableName: &table, Key: a.at.item(), ConditionExpression: condition, UpdateExpression: update,
		ExpressionAttributeNames: names, ExpressionAttributeValues: values, ReturnValuesOnConditionCheckFailure: allOld,
	}}
}

// noRetries keeps the SDK from repeating a write.
func noRetries(o *dynamodb.Options) { o.Retryer = aws.NopRetryer{} }
