package dynamo

import (
	"context"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// span is a part of a partition: the sort keys from, and those to, both included.
type span struct{ from, to string }

// everything is the whole of a partition.
var everything = span{"", highest}

// highest sorts behind every id and every number.
const highest = "~"

// question asks for the items of one partition, of the table or of an index.
type question struct {
	index     index // "": the table itself, read strongly
	partition string
	span      span
	desc      bool
	limit     int // most items of a page; 0: as many as fit into 1 MB
}

// page reads one page of the answer, behind the given item, and tells where the
// next one begins; nil at the end.
func (s *Store) page(ctx context.Context, q question, after item) ([]item, item, error) {
	hash, order := partitionKey, sortKey
	if q.index != "" {
		hash, order = q.index.hash(), q.index.order()
	}
	from := q.span.from
	if from == "" {
		from = " " // a key can't be empty, and this sorts before all others
	}
	input := &dynamodb.QueryInput{
		TableName:                 &s.table,
		KeyConditionExpression:    aws.String("#hash = :hash AND #order BETWEEN :from AND :to"),
		ExpressionAttributeNames:  map[string]string{"#hash": hash, "#order": order},
		ExpressionAttributeValues: item{":hash": str(q.partition), ":from": str(from), ":to": str(q.span.to)},
		ScanIndexForward:          aws.Bool(!q.desc),
		ExclusiveStartKey:         after,
	}
	if q.index != "" {
		input.IndexName = aws.String(string(q.index))
	} else {
		input.ConsistentRead = aws.Bool(true)
	}
	if q.limit > 0 {
		input.Limit = aws.Int32(int32(q.limit))
	}
	if from > q.span.to {
		return nil, nil, nil // DynamoDB refuses such a span
	}
	out, err := s.client.Query(ctx, input)
	if err != nil {
		return nil, nil, fmt.Errorf("query %s: %w", q.partition, unavailable(readError(err)))
	}
	return out.Items, out.LastEvaluatedKey, nil
}

// first reads the first n items of the answer; all of them when n is 0.
func (s *Store) first(ctx context.Context, q question, n int) ([]item, error) {
	var all []item
	var after item
	for {
		if n > 0 {
			q.limit = n - len(all)
		}
		items, next, err := s.page(ctx, q, after)
		if err != nil {
			return nil, err
		}
		all = append(all, items...)
		if next == nil || (n > 0 && len(all) >= n) {
			return all, nil
		}
		after = next
	}
}

// idIn is the id in the partition key of an item that stands for a call, batch or redrive.
func idIn(stored item) string {
	_, id, _ := strings.Cut(strOf(stored, partitionKey), "#")
	return id
}
