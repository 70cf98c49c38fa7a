package cli_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/url"
	"os"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/cli"
	"github.com/outdial/outdial/services/internal/cloudformation"
)

// stackOutputs are those of a stack whose API is f, with the development issuer in
// the place of Cognito.
func stackOutputs(f *fake, redirect string) map[string]string {
	return map[string]string{
		"ApiUrl": f.URL, "Issuer": f.URL + "/dev-issuer", "ClientId": "outdial-cli", "Region": "eu-central-1",
		"Scopes": "calls/read calls/write", "CliCallbackUrl": redirect,
	}
}

// freePort is one that nobody listens at, as far as one can know.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return port
}

func TestLoginToAStack(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	f, first, _ := issuingServer(t, b)
	redirect := "http://127.0.0.1:" + freePort(t) + "/callback"
	var asked []string
	var opened *url.URL
	b.change = func(o *cli.Options) {
		o.StackOutputs = func(_ context.Context, stack string) (map[string]string, error) {
			asked = append(asked, stack)
			return stackOutputs(f, redirect), nil
		}
		signIn := browser(t, first.User, first.Password)
		o.OpenBrowser = func(ctx context.Context, address string) (err error) {
			if opened, err = url.Parse(address); err != nil {
				return err
			}
			return signIn(ctx, address)
		}
	}
	o := b.run(t, "login", "--stack", "outdial").expect(t, 0)
	if o.out != "Signed in to "+f.URL+".\n" {
		t.Errorf("it prints %q", o.out)
	}
	q := opened.Query()
	if q.Get("client_id") != "outdial-cli" || q.Get("redirect_uri") != redirect || q.Get("scope") != "calls/read calls/write" {
		t.Errorf("it signs in at %s", opened)
	}
	// From here on it is like any other sign-in: AWS isn't asked any more.
	b.run(t, "calls", "get", callID).expect(t, 0)
	if sent := f.sent(); len(sent) != 1 || claimsOf(t, sent[0]).Username != "admin" {
		t.Errorf("the API got %d tokens", len(sent))
	}
	if len(asked) != 1 || asked[0] != "outdial" {
		t.Errorf("AWS was asked for %v", asked)
	}
}

func TestLoginToAStackThatFails(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		err   error
		less  string // the output that isn't there
		code  int
		parts []string
	}{
		"because there is none":         {cloudformation.ErrNoStack, "", 4, []string{"no such stack", "AWS_REGION"}},
		"because AWS refuses":           {cloudformation.ErrNotAllowed, "", 3, []string{"AWS doesn't let you", "cloudformation:DescribeStacks", "AWS_PROFILE"}},
		"because no region is set":      {cloudformation.ErrNoRegion, "", 2, []string{"no AWS region is set", "AWS_REGION"}},
		"because AWS can't be reached":  {fmt.Errorf("ask: %w", &url.Error{Op: "Post", Err: net.ErrClosed}), "", 7, []string{"can't reach AWS CloudFormation"}},
		"because AWS has trouble":       {errors.New("CloudFormation in eu-central-1 refused: ServiceUnavailable"), "", 1, []string{"ServiceUnavailable"}},
		"because it is of another kind": {nil, "Issuer", 1, []string{"the stack outdial has no output Issuer", "make deploy"}},
		"because it isn't finished":     {nil, "ApiUrl", 1, []string{"the stack outdial has no output ApiUrl"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, nil)
			b.change = func(o *cli.Options) {
				o.StackOutputs = func(context.Context, string) (map[string]string, error) {
					outputs := stackOutputs(newFake(t), "http://localhost:8753/callback")
					maps.DeleteFunc(outputs, func(name, _ string) bool { return name == c.less })
					return outputs, c.err
				}
				o.OpenBrowser = func(context.Context, string) error { t.Error("a browser was opened"); return nil }
			}
			b.run(t, "login", "--stack", "outdial").expect(t, c.code, c.parts...)
			if _, err := os.Stat(b.config()); !errors.Is(err, os.ErrNotExist) {
				t.Error("it wrote the config file")
			}
		})
	}
}

// A stack says all that these flags say.
func TestLoginToAStackTakesNoOtherAddress(t *testing.T) {
	t.Parallel()
	for _, flag := range []string{"--data", "--issuer", "--client-id", "--redirect"} {
		o := newBench(t, nil).run(t, "login", "--stack", "outdial", flag, "x")
		o.expect(t, 2, strings.TrimPrefix(flag, "--"), "stack")
	}
}

// Another name of the same server is kept, as for every sign-in.
func TestLoginToAStackByAnotherName(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	f, first, _ := issuingServer(t, b)
	redirect := "http://127.0.0.1:" + freePort(t) + "/callback"
	b.change = func(o *cli.Options) {
		o.StackOutputs = func(context.Context, string) (map[string]string, error) {
			outputs := stackOutputs(f, redirect)
			outputs["ApiUrl"] = "https://abc.execute-api.eu-central-1.amazonaws.com"
			return outputs, nil
		}
		o.OpenBrowser = browser(t, first.User, first.Password)
	}
	b.run(t, "login", "--stack", "outdial", "--url", f.URL).expect(t, 0)
	b.run(t, "calls", "get", callID).expect(t, 0)
}
