package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/cli"
	"github.com/outdial/outdial/services/internal/serve"
)

// problems are the contract's examples of errors.
func problems(t *testing.T) map[string]api.Problem {
	t.Helper()
	doc, err := document()
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]api.Problem{}
	for name, e := range doc.Components.Examples {
		data, err := json.Marshal(e.Value.Value)
		if err != nil {
			t.Fatal(err)
		}
		var p api.Problem
		if json.Unmarshal(data, &p) == nil && p.RequestID != "" {
			found[name] = p
		}
	}
	if len(found) < 27 {
		t.Fatalf("the contract has only %d examples of errors", len(found))
	}
	return found
}

// Every problem of the contract is told whole: what is wrong, where, and the
// request id; and it has an exit code.
func TestProblemsAreToldWhole(t *testing.T) {
	t.Parallel()
	for name, p := range problems(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			// Any route will do, also one that never answers with this problem.
			f.on("GET /calls/{id}", notTheServer(problem(t, name)))
			o := newBench(t, f).run(t, "calls", "get", callID)
			o.expect(t, codeOf(p), "outdial: "+p.Detail, "request id: "+p.RequestID)
			for _, mistake := range p.Errors {
				o.expect(t, o.code, mistake.Field, mistake.Detail)
			}
			if o.out != "" {
				t.Errorf("standard output has %q", o.out)
			}
		})
	}
}

// notTheServer is an answer that the contract doesn't allow here.
func notTheServer(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Not-The-Server", "true")
		next(w, r)
	}
}

func codeOf(p api.Problem) int {
	switch p.Status {
	case 401, 403:
		return 3
	case 404:
		return 4
	case 500, 503:
		return 1
	default:
		return 5
	}
}

func TestExitCodes(t *testing.T) {
	t.Parallel()
	refused := func(t *testing.T) http.HandlerFunc {
		t.Helper()
		return answer(http.StatusAccepted, with(example(t, "batch_submitted"), map[string]any{
			"rows": 0, "counts": with(map[string]any{}, map[string]any{
				"waiting": 0, "active": 0, "completed": 0, "busy": 0, "no-answer": 0, "failed": 0, "canceled": 0, "expired": 0,
			}),
		}), "Location", "/v1/batches/"+batchID)
	}
	ended := func(status string) func(t *testing.T, f *fake) {
		return func(t *testing.T, f *fake) {
			t.Helper()
			f.on("POST /calls", answer(http.StatusAccepted, example(t, "call_queued"), "Location", "/v1/calls/"+callID))
			f.on("GET /calls/{id}", polled(with(example(t, "call_completed"), map[string]any{"status": status})))
		}
	}
	nothing := func(*testing.T, *fake) {}
	for name, c := range map[string]struct {
		setUp func(t *testing.T, f *fake)
		args  []string
		code  int
		says  string
		in    int // bytes on standard input
	}{
		"done":                          {ended("completed"), []string{"call", "+12025550143", "--wait"}, 0, "", 0},
		"the awaited call was busy":     {ended("busy"), []string{"call", "+12025550143", "--wait"}, 6, "the call ended as busy", 0},
		"the awaited call failed":       {ended("failed"), []string{"calls", "watch", callID}, 6, "the call ended as failed", 0},
		"a call that wasn't awaited":    {ended("failed"), []string{"calls", "get", callID}, 0, "", 0},
		"an unknown command":            {nothing, []string{"cal"}, 2, "unknown command \"cal\"", 0},
		"an unknown command of a group": {nothing, []string{"batch", "sumbit"}, 2, "Did you mean `outdial batch submit`?", 0},
		"an unknown flag":               {nothing, []string{"calls", "list", "--stauts", "busy"}, 2, "unknown flag: --stauts", 0},
		"a status that doesn't exist":   {nothing, []string{"calls", "list", "--status", "rining"}, 2, "it must be queued, launching", 0},
		"no argument":                   {nothing, []string{"batch", "get"}, 2, "name the batch's id", 0},
		"an argument too many":          {nothing, []string{"calls", "get", callID, "x"}, 2, "\"x\" is too much", 0},
		"flags that exclude each other": {nothing, []string{"calls", "list", "--all", "--limit", "3"}, 2, "[all limit]", 0},
		"metadata that isn't key=value": {nothing, []string{"call", "1", "--meta", "x"}, 2, "\"x\" is not key=value", 0},
		"a key that can't be a header":  {nothing, []string{"call", "1", "--key", "a b"}, 2, "1 to 255 visible ASCII", 0},
		"a time that is none":           {nothing, []string{"calls", "list", "--from", "monday"}, 2, "such as 2026-03-02", 0},
		"a list that isn't there":       {nothing, []string{"batch", "submit", "no-such.csv"}, 2, "there is no file no-such.csv", 0},
		"nothing to change":             {nothing, []string{"capacity", "set"}, 2, "at least one of the flags", 0},
		"nothing to redrive":            {nothing, []string{"dead-letters", "redrive"}, 2, "name the calls' ids", 0},
		"a URL that is none":            {nothing, []string{"calls", "list", "--url", "localhost"}, 2, "--url:", 0},
		"a URL without encryption":      {nothing, []string{"calls", "list", "--url", "http://example.com"}, 2, "must begin with https://", 0},
		"a list too long":               {nothing, []string{"batch", "submit", "-"}, 5, "more than 6,291,456 bytes", api.MaxBodyBytes + 1},
		"all rows refused": {
			func(t *testing.T, f *fake) { t.Helper(); f.on("POST /batches", refused(t)) },
			[]string{"batch", "submit", "-"},
			5, "all 3 rows were refused", 0,
		},
		"all rows refused, awaited": {
			func(t *testing.T, f *fake) { t.Helper(); f.on("POST /batches", refused(t)) },
			[]string{"batch", "submit", "-", "--wait"},
			5, "all 3 rows were refused", 0,
		},
		"no chosen call redriven": {
			func(t *testing.T, f *fake) {
				t.Helper()
				f.on("POST /dead-letters/redrive", answer(http.StatusOK, with(example(t, "redrive_result"), map[string]any{"redriven": []any{}})))
			},
			[]string{"dead-letters", "redrive", callID},
			5, "no call was redriven", 0,
		},
		"a proxy's page in place of an error": {
			func(_ *testing.T, f *fake) {
				f.on("GET /calls/{id}", notTheServer(answer(http.StatusNotFound, "<html>", "Content-Type", "text/html")))
			},
			[]string{"calls", "get", callID},
			4, "The server answered 404 Not Found.\nIs that the server's URL?", 0,
		},
		"a list that is too large for a gateway": {
			func(t *testing.T, f *fake) {
				t.Helper()
				f.on("POST /batches", notTheServer(answer(http.StatusRequestEntityTooLarge, `{"message":"Request Entity Too Large"}`, "Content-Type", "application/json")))
			},
			[]string{"batch", "submit", "-"},
			5, "The server answered 413 Request Entity Too Large.\nSend the list in several parts.", 20,
		},
		"a proxy's page in place of an answer": {
			func(_ *testing.T, f *fake) {
				f.on("GET /calls/{id}", notTheServer(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("<html>")) }))
			},
			[]string{"calls", "get", callID},
			1, "the answer is not Outdial's", 0,
		},
		"a redirect, which isn't followed": {
			func(_ *testing.T, f *fake) {
				f.on("GET /calls/{id}", notTheServer(func(w http.ResponseWriter, r *http.Request) {
					http.Redirect(w, r, "https://elsewhere.example.com", http.StatusFound)
				}))
			},
			[]string{"calls", "get", callID},
			1, "The server answered 302 Found.", 0,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			c.setUp(t, f)
			b := newBench(t, f)
			b.in = strings.Repeat("x", c.in)
			o := b.run(t, c.args...).expect(t, c.code, c.says)
			if c.code == 2 && !strings.Contains(o.err, "--help` for how to use it.") {
				t.Errorf("wrong usage doesn't lead to the help: %s", o.err)
			}
		})
	}
}

func TestAServerThatIsNotThereIsToldAtOnce(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	b := newBench(t, f)
	f.Close()
	b.run(t, "calls", "list").expect(t, 7, "can't reach "+f.URL, "Start it with `outdial serve`")
	if len(b.slept) != 0 {
		t.Errorf("it waited %v", b.slept)
	}
}

// Nor is one whose certificate nobody vouches for.
func TestAServerThatCannotBeTrusted(t *testing.T) {
	t.Parallel()
	s := httptest.NewUnstartedServer(http.NotFoundHandler())
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	b := newBench(t, nil)
	b.run(t, "call", "+12025550143", "--url", s.URL, "--token", "x").expect(t, 7, "failed to verify certificate")
	if len(b.slept) != 0 {
		t.Errorf("it waited %v", b.slept)
	}
}

// An output that could not be written is not done.
func TestOutputThatGotLostIsAnError(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{
		{"calls", "get", callID}, {"calls", "list"}, {"calls", "list", "--json"}, {"version"}, {"batch", "get", batchID, "--wait"},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			b := newBench(t, server(t))
			b.change = func(o *cli.Options) { o.Out = cli.Stream{Writer: fullDisk{}} }
			b.run(t, args...).expect(t, 1, "can't write the output: no space left")
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

// What others wrote must not steer the terminal, nor break a line of a list.
func TestTextOfOthersDoesNotSteerTheTerminal(t *testing.T) {
	t.Parallel()
	evil := "a\x1b]0;title\x07b\nc\td\u202ee\u009bf"
	f := newFake(t)
	call := with(example(t, "call_dead_lettered"), map[string]any{
		"metadata": map[string]any{"name": evil},
		"failure":  map[string]any{"reason": "agent_error", "message": evil},
	})
	f.on("GET /calls/{id}", polled(call))
	f.on("GET /calls", polled(map[string]any{"calls": []any{call}}))
	f.on("POST /calls/{id}/cancel", answer(http.StatusConflict, with(example(t, "call_already_final"), map[string]any{"detail": evil}),
		"Content-Type", "application/problem+json"))
	f.on("GET /batches/{id}/results.csv", exported("row,metadata\r\n2,"+evil+"\r\n"))
	for _, args := range [][]string{
		{"calls", "get", callID},
		{"calls", "get", callID, "--json"},
		{"calls", "list"},
		{"calls", "list", "--json"},
		{"calls", "cancel", callID},
		{"batch", "results", batchID},
	} {
		t.Run(strings.Join(args, " "), func(t *testing.T) {
			t.Parallel()
			for _, terminal := range []bool{false, true} {
				b := newBench(t, f)
				b.terminal, b.env["NO_COLOR"] = terminal, "1"
				o := b.run(t, args...)
				raw := !terminal && (slices.Contains(args, "--json") || args[1] == "results") // as it came
				if steering := strings.ContainsAny(o.out+o.err, "\x1b\x07\u202e\u009b"); steering && !raw {
					t.Errorf("terminal %v: %q", terminal, o.out+o.err)
				}
				if args[1] == "list" && !terminal && len(args) == 2 && strings.Count(o.out, "\n") != 1 {
					t.Errorf("a call takes several lines: %q", o.out)
				}
			}
		})
	}
}

func TestServeAndAgent(t *testing.T) {
	t.Parallel()
	t.Run("serve gets its flags", func(t *testing.T) {
		t.Parallel()
		var got serve.Config
		b := newBench(t, nil)
		b.change = func(o *cli.Options) {
			o.Serve = func(_ context.Context, c serve.Config) error { got = c; return nil }
		}
		data := t.TempDir()
		b.run(t, "serve", "--data", data, "--listen", "127.0.0.1:9090", "--limit", "50", "--rate", "2.5", "--sim-speed", "10",
			"--sim-seed", "7", "--sim-talk", "20s", "--origin", "https://console.example.com", "--allow-number-type", "short,shared_cost",
			"--log-format", "json", "--log-level", "debug", "--first-call").expect(t, 0)
		if got.Data != data || got.Listen != "127.0.0.1:9090" || got.Limit != 50 || got.Rate != 2.5 || got.Carrier.Speed != 10 ||
			got.Carrier.Seed != 7 || got.Carrier.Talk.Seconds() != 20 || fmt.Sprint(got.Origins) != "[https://console.example.com]" ||
			fmt.Sprint(got.AllowedTypes) != "[short shared_cost]" || got.LogFormat != "json" || got.LogLevel != "debug" ||
			!got.FirstCall || got.Version != "1.2.3" || got.Out == nil || got.Err == nil {
			t.Errorf("%+v", got)
		}
	})
	t.Run("serve has defaults", func(t *testing.T) {
		t.Parallel()
		var got serve.Config
		b := newBench(t, nil)
		b.change = func(o *cli.Options) {
			o.Serve = func(_ context.Context, c serve.Config) error { got = c; return nil }
		}
		b.run(t, "serve").expect(t, 0)
		if got.Data != b.env["HOME"]+"/.local/share/outdial" || got.Listen != "127.0.0.1:8080" || got.Limit != 10 || got.Rate != 1 || got.Carrier.Speed != 1 {
			t.Errorf("%+v", got)
		}
		b.env["OUTDIAL_DATA"] = t.TempDir()
		b.run(t, "serve").expect(t, 0)
		if got.Data != b.env["OUTDIAL_DATA"] {
			t.Errorf("the data folder is %s", got.Data)
		}
	})
	t.Run("serve reads the file of prices", func(t *testing.T) {
		t.Parallel()
		var got serve.Config
		b := newBench(t, nil)
		b.change = func(o *cli.Options) {
			o.Serve = func(_ context.Context, c serve.Config) error { got = c; return nil }
		}
		b.run(t, "serve").expect(t, 0)
		if got.Prices != nil {
			t.Errorf("without a file: %+v", got.Prices)
		}
		b.run(t, "serve", "--prices", write(t, "prices.json", `{"currency":"EUR","per_minute":[{"prefix":"+49","price":"0.12"}]}`)).expect(t, 0)
		if got.Prices == nil || got.Prices.Currency != "EUR" || len(got.Prices.PerMinute) != 1 {
			t.Errorf("%+v", got.Prices)
		}
		b.run(t, "serve", "--prices", "no-such.json").expect(t, 2, "--prices:", "no-such.json")
		b.run(t, "serve", "--prices", write(t, "bad.json", `{"currency":"EUR","per_minute":[{"prefix":"49","price":"0.12"}]}`)).
			expect(t, 2, "--prices:", "bad.json", `per_minute[0].prefix is "49"`)
	})
	t.Run("every mistake is wrong usage", func(t *testing.T) {
		t.Parallel()
		newBench(t, nil).run(t, "serve", "--listen", "0.0.0.0:80", "--rate", "-1", "--limit", "-1").
			expect(t, 2, "--listen:", "--rate:", "--limit:")
	})
	t.Run("a server that fails is unexpected", func(t *testing.T) {
		t.Parallel()
		b := newBench(t, nil)
		b.change = func(o *cli.Options) {
			o.Serve = func(context.Context, serve.Config) error { return errors.New("the port is taken") }
		}
		b.run(t, "serve").expect(t, 1, "outdial: the port is taken")
	})
	t.Run("a server that was asked to stop is done", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithCancel(t.Context())
		b := newBench(t, nil)
		b.change = func(o *cli.Options) {
			o.Serve = func(ctx context.Context, _ serve.Config) error { stop(); <-ctx.Done(); return nil }
		}
		b.runWith(ctx, "serve").expect(t, 0)
	})
	t.Run("the agent is not cut off by a signal", func(t *testing.T) {
		t.Parallel()
		ctx, stop := context.WithCancel(t.Context())
		b := newBench(t, nil)
		b.change = func(o *cli.Options) {
			o.Agent = func(ctx context.Context) error { stop(); return ctx.Err() }
		}
		b.runWith(ctx, "agent").expect(t, 0)
	})
}
