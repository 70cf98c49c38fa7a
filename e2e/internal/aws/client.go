package aws

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
)

// Client calls services at one endpoint. LocalStack checks no signature, so there
// is none; the key says who calls.
type Client struct {
	URL string
	Key string // access key id
}

// Call makes one request, such as "AmazonSQS.SendMessage", and reads the answer
// into out unless that is nil. What the service refuses is an *Error.
func (c Client) Call(ctx context.Context, target string, in, out any) error {
	prefix, _, _ := strings.Cut(target, ".")
	service, known := services[prefix]
	if !known {
		return fmt.Errorf("%s: no protocol is known for it", target)
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	headers := http.Header{
		"X-Amz-Target": {target},
		"Content-Type": {"application/x-amz-json-" + service.version},
	}
	data, err := c.post(ctx, service.name, headers, body)
	if err != nil {
		return fmt.Errorf("%s: %w", target, err)
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(data, out)
}

func (c Client) post(ctx context.Context, service string, headers http.Header, body []byte) ([]byte, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.URL+"/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header = headers
	r.Header.Set("Authorization", Authorization(c.Key, service))
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = readError(answer.StatusCode, data)
	}
	return data, err
}

// Authorization is the header that says who calls which service, and signs nothing.
func Authorization(key, service string) string {
	return fmt.Sprintf("AWS4-HMAC-SHA256 Credential=%s/20260101/%s/%s/aws4_request, SignedHeaders=host, Signature=0", key, Region, service)
}

// Caller reads an Authorization header: whose key, and which service.
func Caller(authorization string) (key, service string, ok bool) {
	_, scope, found := strings.Cut(authorization, "Credential=")
	scope, _, _ = strings.Cut(scope, ",")
	parts := strings.Split(scope, "/")
	if !found || len(parts) != 5 {
		return "", "", false
	}
	return parts[0], parts[3], true
}
