package dynamo_test

import (
	"context"
	"flag"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/oklog/ulid/v2"
	"golang.org/x/sync/errgroup"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/dynamo"
	"github.com/outdial/outdial/services/internal/localstack"
	"github.com/outdial/outdial/services/internal/storetest"
)

var _ storetest.Store = (*dynamo.Store)(nil)

// Tests on LocalStack run in full mode only.
func TestOnLocalStack(t *testing.T) {
	for _, one := range onLocalStack() {
		t.Run(one.name, func(t *testing.T) {
			t.Parallel()
			one.run(t)
		})
	}
}

type localTest struct {
	name string
	run  func(t *testing.T)
}

func onLocalStack() []localTest {
	if testing.Short() {
		return nil
	}
	return []localTest{
		{"the store does what every store does", conforms},
		{"a call of a batch costs no more than it may", costs},
		{"a hundred calls that one owner sends at once are all accepted", hundredAtOnce},
		{"an answer that is lost is unclear, and what was written is found there", lostAnswers},
		{"a read shows the truth or nothing, and never the half of it", reads},
		{"a request that is refused for load is repeated until it is taken", loaded},
	}
}

func hundredAtOnce(t *testing.T) {
	s := open(t)
	var g errgroup.Group
	for range 100 {
		g.Go(func() error {
			return s.Apply(t.Context(), call.Created(call.NewCall{ID: call.SingleID(ulid.Make().String()), Owner: "ann", Number: "+493012345678"}, time.Now()))
		})
	}
	must(t, g.Wait())
	lane, err := s.Lane(t.Context(), call.LaneKey{Owner: "ann"})
	must(t, err)
	if lane.Ready != 100 {
		t.Errorf("the lane: %+v", lane)
	}
}

// Each run of a property makes a new table and about 500 requests.
const rapidChecks = "6"

func conforms(t *testing.T) {
	must(t, flag.Set("rapid.checks", rapidChecks))
	storetest.Run(t, func(t testing.TB) storetest.Store { return open(t) })
}

// open gives the store of a new table with plenty of room.
func open(t testing.TB) *dynamo.Store {
	t.Helper()
	return openThrough(t, nil)
}

// openThrough is open, and the store's requests take a road of their own.
func openThrough(t testing.TB, road http.RoundTripper) *dynamo.Store {
	t.Helper()
	return openTable(t, newTable(t), road)
}

// newTable makes a table, which is deleted with the test, and gives its name.
func newTable(t testing.TB) string {
	t.Helper()
	client := dynamodb.NewFromConfig(localstack.Config(t))
	table := "outdial-" + strings.ToLower(ulid.Make().String())
	must(t, dynamo.CreateTable(t.Context(), client, table))
	t.Cleanup(func() {
		if _, err := client.DeleteTable(context.Background(), &dynamodb.DeleteTableInput{TableName: aws.String(table)}); err != nil {
			t.Error(err)
		}
	})
	return table
}

func openTable(t testing.TB, table string, road http.RoundTripper) *dynamo.Store {
	t.Helper()
	config := localstack.Config(t)
	if road != nil {
		config.HTTPClient = &http.Client{Transport: road}
	}
	return dynamo.New(dynamodb.NewFromConfig(config), table, call.Capacity{Limit: 1000, Rate: 1e6})
}
