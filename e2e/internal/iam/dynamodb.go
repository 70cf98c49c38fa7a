package iam

import (
	"encoding/json"
	"fmt"
	"regexp"
	"strings"

	"github.com/outdial/outdial/e2e/internal/aws"
)

// partitionKey is the table's, in every item and key of a call.
const partitionKey = "PK"

type attributes map[string]struct{ S string }

// item is what an operation on one item, or one part of a transaction, says.
type item struct {
	TableName, IndexName, KeyConditionExpression string
	Key, Item, ExpressionAttributeValues         attributes
	ExpressionAttributeNames                     map[string]string
}

func (i item) access(operation string) Access {
	a := Access{Action: "dynamodb:" + operation, Resource: tableARN(i.TableName)}
	if i.IndexName != "" {
		a.Resource += "/index/" + i.IndexName
	}
	var keys []string
	for _, from := range []attributes{i.Key, i.Item} {
		if key, ok := from[partitionKey]; ok {
			keys = append(keys, key.S)
		}
	}
	a.Context = map[string][]string{"dynamodb:LeadingKeys": append(keys, i.queried()...)}
	return a
}

var equality = regexp.MustCompile(`(#?\w+)\s*=\s*(:\w+)`)

// queried is the partition key that a query names. Of an index it is the index's.
func (i item) queried() []string {
	var keys []string
	for _, m := range equality.FindAllStringSubmatch(i.KeyConditionExpression, -1) {
		name := m[1]
		if long, ok := i.ExpressionAttributeNames[name]; ok {
			name = long
		}
		if name == partitionKey || i.IndexName != "" {
			keys = append(keys, i.ExpressionAttributeValues[m[2]].S)
		}
	}
	return keys
}

func tableARN(name string) string {
	if strings.HasPrefix(name, "arn:") {
		return name
	}
	return aws.ARN("dynamodb", "table/"+name)
}

// table works out what a DynamoDB call needs. A transaction has no action of its
// own: it needs that of each of its parts.
func table(operation string, body []byte) ([]Access, error) {
	switch operation {
	case "TransactWriteItems", "TransactGetItems":
		return transaction(body)
	case "BatchGetItem", "BatchWriteItem":
		return batch(operation, body)
	}
	var call item
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	if call.TableName == "" {
		return nil, nil
	}
	return []Access{call.access(operation)}, nil
}

func transaction(body []byte) ([]Access, error) {
	var call struct{ TransactItems []map[string]item }
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	actions := map[string]string{
		"Put": "PutItem", "Update": "UpdateItem", "Delete": "DeleteItem", "ConditionCheck": "ConditionCheckItem", "Get": "GetItem",
	}
	var found []Access
	for _, part := range call.TransactItems {
		for kind, one := range part {
			action, ok := actions[kind]
			if !ok {
				return nil, fmt.Errorf("a transaction has no %s", kind)
			}
			found = append(found, one.access(action))
		}
	}
	return dedupe(found), nil
}

func batch(operation string, body []byte) ([]Access, error) {
	var call struct{ RequestItems map[string]json.RawMessage }
	if err := json.Unmarshal(body, &call); err != nil {
		return nil, err
	}
	var found []Access
	for table, what := range call.RequestItems {
		var keys []attributes
		if operation == "BatchGetItem" {
			var get struct{ Keys []attributes }
			if err := json.Unmarshal(what, &get); err != nil {
				return nil, err
			}
			keys = get.Keys
		} else {
			var writes []struct {
				PutRequest    struct{ Item attributes }
				DeleteRequest struct{ Key attributes }
			}
			if err := json.Unmarshal(what, &writes); err != nil {
				return nil, err
			}
			for _, w := range writes {
				keys = append(keys, w.PutRequest.Item, w.DeleteRequest.Key)
			}
		}
		a := Access{Action: "dynamodb:" + operation, Resource: tableARN(table), Context: map[string][]string{}}
		for _, key := range keys {
			if k, ok := key[partitionKey]; ok {
				a.Context["dynamodb:LeadingKeys"] = append(a.Context["dynamodb:LeadingKeys"], k.S)
			}
		}
		found = append(found, a)
	}
	return found, nil
}
