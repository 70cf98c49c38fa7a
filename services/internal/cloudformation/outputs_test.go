package cloudformation_test

import (
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/cloudformation"
)

// service answers as CloudFormation does, and notes what it was asked.
func service(t *testing.T, status int, body string) *[]*http.Request {
	t.Helper()
	var asked []*http.Request
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := r.ParseForm(); err != nil {
			t.Error(err)
		}
		asked = append(asked, r)
		w.Header().Set("Content-Type", "text/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprint(w, body)
	}))
	t.Cleanup(s.Close)
	for name, value := range map[string]string{
		"AWS_ENDPOINT_URL": s.URL, "AWS_REGION": "eu-central-1", "AWS_DEFAULT_REGION": "",
		"AWS_ACCESS_KEY_ID": "AKIDEXAMPLE", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "", "AWS_PROFILE": "",
		"AWS_CONFIG_FILE": "/dev/null", "AWS_SHARED_CREDENTIALS_FILE": "/dev/null", "AWS_EC2_METADATA_DISABLED": "true",
	} {
		t.Setenv(name, value)
	}
	return &asked
}

func refusal(code, message string) string {
	return `<ErrorResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><Error><Type>Sender</Type><Code>` + code +
		`</Code><Message>` + message + `</Message></Error><RequestId>1</RequestId></ErrorResponse>`
}

const described = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>
<StackName>outdial</StackName><StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-03-02T00:00:00Z</CreationTime>
<Outputs><member><OutputKey>ApiUrl</OutputKey><OutputValue>https://api.example.com</OutputValue></member>
<member><OutputKey>Region</OutputKey><OutputValue>eu-central-1</OutputValue></member></Outputs>
</member></Stacks></DescribeStacksResult></DescribeStacksResponse>`

func TestOutputsOfAStack(t *testing.T) {
	asked := service(t, http.StatusOK, described)
	got, err := cloudformation.Outputs(t.Context(), "outdial")
	if err != nil {
		t.Fatal(err)
	}
	if want := map[string]string{"ApiUrl": "https://api.example.com", "Region": "eu-central-1"}; !maps.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if len(*asked) != 1 {
		t.Fatalf("it asked %d times", len(*asked))
	}
	r := (*asked)[0]
	if want := (url.Values{"Action": {"DescribeStacks"}, "Version": {"2010-05-15"}, "StackName": {"outdial"}}); r.Form.Encode() != want.Encode() {
		t.Errorf("it asked %v", r.Form)
	}
	if signed := r.Header.Get("Authorization"); !strings.Contains(signed, "AKIDEXAMPLE/") || !strings.Contains(signed, "/eu-central-1/cloudformation/") {
		t.Errorf("it signed with %q", signed)
	}
}

func TestWhatCanGoWrong(t *testing.T) {
	for name, c := range map[string]struct {
		status int
		body   string
		env    map[string]string
		is     error
		says   string
	}{
		"no such stack":       {400, refusal("ValidationError", "Stack with id outdial does not exist"), nil, cloudformation.ErrNoStack, "no such stack as outdial in eu-central-1"},
		"not allowed":         {403, refusal("AccessDenied", "User ada is not authorized"), nil, cloudformation.ErrNotAllowed, "User ada is not authorized"},
		"expired credentials": {403, refusal("ExpiredToken", "The security token is expired"), nil, cloudformation.ErrNotAllowed, "ExpiredToken"},
		"another refusal":     {400, refusal("ValidationError", "1 validation error detected"), nil, nil, "CloudFormation in eu-central-1 refused: ValidationError: 1 validation error"},
		"no region":           {200, described, map[string]string{"AWS_REGION": ""}, cloudformation.ErrNoRegion, "no AWS region is set"},
		"no credentials":      {200, described, map[string]string{"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": ""}, cloudformation.ErrNotAllowed, ""},
		"nobody there":        {200, described, map[string]string{"AWS_ENDPOINT_URL": "http://127.0.0.1:1", "AWS_MAX_ATTEMPTS": "1"}, nil, "ask CloudFormation in eu-central-1"},
		"no such profile":     {200, described, map[string]string{"AWS_PROFILE": "nobody"}, nil, "read the AWS configuration"},
	} {
		t.Run(name, func(t *testing.T) {
			service(t, c.status, c.body)
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			_, err := cloudformation.Outputs(t.Context(), "outdial")
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Fatalf("the error is %v, want one that says %q", err, c.says)
			}
			for _, known := range []error{cloudformation.ErrNoStack, cloudformation.ErrNotAllowed, cloudformation.ErrNoRegion} {
				if errors.Is(err, known) != errors.Is(c.is, known) {
					t.Errorf("is %q: %t", known, errors.Is(err, known))
				}
			}
		})
	}
}
