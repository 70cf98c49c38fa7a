package awsenv

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
)

// A caller without a deadline stands for one whose deadline is far: what hangs is
// one connection, not its time.
func TestAServiceThatNeverAnswersIsGivenUpOn(t *testing.T) {
	t.Parallel()
	for name, begin := range map[string]func(w http.ResponseWriter) error{
		"no answer": func(http.ResponseWriter) error { return nil },
		"half an answer": func(w http.ResponseWriter) error {
			w.Header().Set("Content-Length", "2")
			_, err := w.Write([]byte("{"))
			return errors.Join(err, http.NewResponseController(w).Flush())
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var asked atomic.Int32
			release := make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				asked.Add(1)
				if err := begin(w); err != nil {
					t.Error(err)
				}
				<-release
			}))
			t.Cleanup(server.Close)
			t.Cleanup(func() { close(release) }) // before the server closes, which waits for it
			c, err := sdk(t.Context(), 50*time.Millisecond)
			if err != nil {
				t.Fatal(err)
			}
			client := dynamodb.NewFromConfig(c, func(o *dynamodb.Options) {
				o.Region, o.BaseEndpoint, o.Retryer = "eu-central-1", &server.URL, aws.NopRetryer{}
				o.Credentials = credentials.NewStaticCredentialsProvider("test", "test", "")
			})
			if _, err := client.ListTables(t.Context(), &dynamodb.ListTablesInput{}); err == nil || asked.Load() != 1 {
				t.Errorf("%v, after %d requests", err, asked.Load())
			}
		})
	}
}

func TestEveryClientHasATimeout(t *testing.T) {
	t.Parallel()
	c, err := SDK(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	client, ok := c.HTTPClient.(interface{ GetTimeout() time.Duration })
	if !ok || client.GetTimeout() != requestTimeout {
		t.Errorf("the client is %+v", c.HTTPClient)
	}
}
