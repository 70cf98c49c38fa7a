package serve_test

import (
	"context"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// running is a server of a test, and a client that is signed in to it.
type running struct {
	t       *testing.T
	data    string
	address string // host:port
	client  *api.ClientWithResponses
	stop    func() error
}

func config(data string) serve.Config {
	carrier := simcarrier.Default("")
	carrier.Speed = 100
	return serve.Config{
		Data: data, Listen: "127.0.0.1:0", Limit: 10, Rate: 1000, Carrier: carrier,
		LogFormat: "text", LogLevel: "warn", Dispatchers: 2, Out: io.Discard, Err: io.Discard,
	}
}

// start serves until the test ends, or stop is called.
func start(t *testing.T, c serve.Config) *running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	said, out := io.Pipe()
	c.Out = out
	c.Err = t.Output()
	done := make(chan error, 1)
	go func() {
		err := serve.Run(ctx, c)
		done <- err
		_ = out.CloseWithError(err)
	}()
	url := address(t, said)
	go func() { _, _ = io.Copy(io.Discard, said) }()
	stopped := false
	r := &running{t: t, data: c.Data, address: strings.TrimPrefix(url, "http://"), client: signedIn(t, c.Data, url), stop: func() error {
		if stopped {
			return nil
		}
		stopped = true
		cancel()
		return <-done
	}}
	t.Cleanup(func() {
		if err := r.stop(); err != nil {
			t.Errorf("stop: %v", err)
		}
	})
	return r
}

// address is what the server says first.
func address(t *testing.T, said io.Reader) string {
	t.Helper()
	line := make([]byte, 200)
	n, err := said.Read(line)
	if err != nil {
		t.Fatalf("the server said nothing: %v", err)
	}
	_, rest, _ := strings.Cut(string(line[:n]), "http://")
	host, _, _ := strings.Cut(rest, " ")
	return "http://" + host
}

func signedIn(t *testing.T, data, url string) *api.ClientWithResponses {
	t.Helper()
	issuer, err := devissuer.Load(devissuer.Config{Dir: filepath.Join(data, "issuer")})
	if err != nil {
		t.Fatal(err)
	}
	user, err := issuer.FirstUser()
	if err != nil {
		t.Fatal(err)
	}
	token, err := issuer.MintAccessToken(user, signin.Scopes(), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	client, err := api.NewClientWithResponses(url+api.BasePath, api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// eventually waits until done says yes, and shows what it last saw if it never does.
func eventually(t *testing.T, what string, done func() (ok bool, seen any)) {
	t.Helper()
	deadline := time.Now().Add(60 * time.Second)
	for {
		ok, seen := done()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so after a minute; last seen: %+v", what, seen)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (r *running) submit(number string) *api.Call {
	r.t.Helper()
	answer, err := r.client.SubmitCallWithResponse(r.t.Context(), nil, api.SubmitCallRequest{PhoneNumber: number})
	if err != nil || answer.JSON202 == nil {
		r.t.Fatalf("submit: %v %s", err, answer.Body)
	}
	return answer.JSON202
}

func (r *running) call(id string) *api.Call {
	r.t.Helper()
	answer, err := r.client.GetCallWithResponse(r.t.Context(), id, nil)
	if err != nil || answer.JSON200 == nil {
		r.t.Fatalf("get call: %v %s", err, answer.Body)
	}
	return answer.JSON200
}

func (r *running) ended(id string) *api.Call {
	r.t.Helper()
	var last *api.Call
	eventually(r.t, "call "+id+" has ended", func() (bool, any) {
		last = r.call(id)
		return last.EndedAt != nil, last
	})
	return last
}

func TestASingleCallReachesItsEnd(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	c := r.ended(r.submit("+12025550100").ID)
	if c.Status != api.CallStatusCompleted || c.Dials != 1 || c.Attempt != 1 {
		t.Errorf("got %s, %d dials, attempt %d; want completed after one dial", c.Status, c.Dials, c.Attempt)
	}
	dials, err := simcarrier.ReadDials(filepath.Join(r.data, "carrier"))
	if err != nil || len(dials) != 1 {
		t.Errorf("the carrier has %d dials (%v), want 1", len(dials), err)
	}
}
