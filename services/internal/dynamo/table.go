package dynamo

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
)

// The table's key, and the attribute by which DynamoDB deletes what has expired.
const (
	partitionKey = "PK"
	sortKey      = "SK"
	expiresAt    = "expires_at" // seconds since 1970
)

// index names an index of the table. Its partition key is the attribute of the
// same name, its sort key the attribute with "_at" behind it; both are strings,
// and only an item that has them is in the index.
type index string

const (
	dueIndex    index = "due"
	queueIndex  index = "queue"
	listIndex   index = "list"
	allIndex    index = "all"
	numberIndex index = "number"
)

func (i index) hash() string  { return string(i) }
func (i index) order() string { return string(i) + "_at" }

// IndexDefinition is one index of the table.
type IndexDefinition struct {
	Name, Hash, Range string
	Projected         []string // attributes beside the keys; none: KEYS_ONLY
}

// Indexes are the table's indexes, just as infra/data.yaml has them.
func Indexes() []IndexDefinition {
	define := func(i index, projected ...string) IndexDefinition {
		return IndexDefinition{Name: string(i), Hash: i.hash(), Range: i.order(), Projected: projected}
	}
	return []IndexDefinition{
		define(dueIndex), define(queueIndex), define(listIndex, laneAttributes...), define(allIndex), define(numberIndex),
	}
}

// laneAttributes are what a list of lanes tells of each.
var laneAttributes = []string{"owner", "batch", "ready", "schedule", "retry", "hours", "closed", "turn"}

// CreateTable makes the table, for tests: on AWS infra/data.yaml does, with the
// very same keys and indexes.
func CreateTable(ctx context.Context, client *dynamodb.Client, name string) error {
	input := &dynamodb.CreateTableInput{
		TableName:            aws.String(name),
		BillingMode:          types.BillingModePayPerRequest,
		KeySchema:            keySchema(partitionKey, sortKey),
		AttributeDefinitions: []types.AttributeDefinition{text(partitionKey), text(sortKey)},
	}
	for _, i := range Indexes() {
		projection := &types.Projection{ProjectionType: types.ProjectionTypeKeysOnly}
		if len(i.Projected) > 0 {
			projection = &types.Projection{ProjectionType: types.ProjectionTypeInclude, NonKeyAttributes: i.Projected}
		}
		input.AttributeDefinitions = append(input.AttributeDefinitions, text(i.Hash), text(i.Range))
		input.GlobalSecondaryIndexes = append(input.GlobalSecondaryIndexes, types.GlobalSecondaryIndex{
			IndexName: aws.String(i.Name), KeySchema: keySchema(i.Hash, i.Range), Projection: projection,
		})
	}
	if _, err := client.CreateTable(ctx, input); err != nil {
		return fmt.Errorf("create table %s: %w", name, err)
	}
	_, err := client.UpdateTimeToLive(ctx, &dynamodb.UpdateTimeToLiveInput{
		TableName:               aws.String(name),
		TimeToLiveSpecification: &types.TimeToLiveSpecification{AttributeName: aws.String(expiresAt), Enabled: aws.Bool(true)},
	})
	if err != nil {
		return fmt.Errorf("set the time to live of table %s: %w", name, err)
	}
	return nil
}

func text(attribute string) types.AttributeDefinition {
	return types.AttributeDefinition{AttributeName: aws.String(attribute), AttributeType: types.ScalarAttributeTypeS}
}

func keySchema(hash, order string) []types.KeySchemaElement {
	return []types.KeySchemaElement{
		{AttributeName: aws.String(hash), KeyType: types.KeyTypeHash},
		{AttributeName: aws.String(order), KeyType: types.KeyTypeRange},
	}
}
