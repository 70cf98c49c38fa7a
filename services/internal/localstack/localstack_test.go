package localstack_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/outdial/outdial/services/internal/localstack"
)

// Tests that start it run in full mode only.
func TestLocalStack(t *testing.T) {
	if testing.Short() {
		return
	}
	t.Run("it answers, and is one for all tests of a process", func(t *testing.T) {
		tables(t, localstack.Config(t))
		if first, again := localstack.URL(t), localstack.URL(t); first != again {
			t.Errorf("two of them: %s and %s", first, again)
		}
	})
}

func tables(t *testing.T, config aws.Config) []string {
	t.Helper()
	out, err := dynamodb.NewFromConfig(config).ListTables(t.Context(), &dynamodb.ListTablesInput{})
	if err != nil {
		t.Fatal(err)
	}
	return out.TableNames
}
