package infratest_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"strings"
	"testing"

	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/outdial/outdial/services/internal/awsenv"
)

// TestTheAccessLogFindsRoomInTheResourcePolicy that the account's APIs share: when
// that is full, only groups with this prefix are still in it.
func TestTheAccessLogFindsRoomInTheResourcePolicy(t *testing.T) {
	t.Parallel()
	compute := template(t, "compute.yaml")
	for name, api := range ofType(t, compute, "AWS::Serverless::HttpApi") {
		group := as[string](t, at[[]any](t, api, "AccessLogSettings", "DestinationArn", "Fn::GetAtt")[0], name)
		if called := at[string](t, compute, "Resources", group, "Properties", "LogGroupName", "Fn::Sub"); !strings.HasPrefix(called, "/aws/vendedlogs/") {
			t.Errorf("the access log of %s is %s", name, called)
		}
	}
}

// TestALineOfTheAccessLogLeadsToThoseOfTheFunction: each names the invocation in
// the same way. And nothing in it is what a phone number might have been put into.
func TestALineOfTheAccessLogLeadsToThoseOfTheFunction(t *testing.T) {
	t.Parallel()
	for name, api := range ofType(t, template(t, "compute.yaml"), "AWS::Serverless::HttpApi") {
		format := at[string](t, api, "AccessLogSettings", "Format")
		var access map[string]string
		if err := json.Unmarshal([]byte(format), &access); err != nil || strings.Contains(format, "\n") {
			t.Fatalf("a line of the access log of %s is no JSON on one line: %v: %q", name, err, format)
		}
		var out bytes.Buffer
		invocation := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: access["lambda_request_id"]})
		awsenv.NewLog(&out, slog.LevelInfo).InfoContext(invocation, "something")
		if want := `"lambda_request_id":"$context.integration.requestId"`; !strings.Contains(out.String(), want) {
			t.Errorf("%s: a function logs %s, not %s", name, &out, want)
		}
		for field, value := range access {
			if strings.Contains(strings.ToLower(value), "path") || strings.Contains(strings.ToLower(value), "query") {
				t.Errorf("%s: the access log's %s is %s, which may hold a phone number", name, field, value)
			}
		}
	}
}
