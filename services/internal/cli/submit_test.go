package cli_test

import (
	"bytes"
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/examples"
)

func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// Byte-order mark, semicolons, CRLF, other encodings: the list is the server's to
// read, and arrives as it is.
func TestAListArrivesByteForByte(t *testing.T) {
	t.Parallel()
	for _, e := range append(examples.Valid(examples.Lists), examples.Invalid(examples.Lists)...) {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			f := server(t)
			b := newBench(t, f)
			b.run(t, "batch", "submit", write(t, "list.csv", string(e.Data))).expect(t, 0)
			b.in = string(e.Data)
			b.run(t, "batch", "submit", "-").expect(t, 0)
			requests, bodies := f.seen()
			for i, r := range requests {
				if r.Header.Get("Content-Type") != "text/csv" || !bytes.Equal(bodies[i], e.Data) {
					t.Errorf("%s with %q", r.Header.Get("Content-Type"), bodies[i])
				}
				if len(e.Data) > 0 && r.ContentLength != int64(len(e.Data)) {
					t.Errorf("its length is %d", r.ContentLength)
				}
			}
		})
	}
}

func TestSettingsOfABatchArrive(t *testing.T) {
	t.Parallel()
	f := server(t)
	newBench(t, f).run(t, "batch", "submit", write(t, "l.csv", "phone\n1\n"), "--name", "Ärzte & Söhne, 50% + 1",
		"--region", "gb", "--number-column", "Tel. Nr", "--allow-duplicates", "--instructions-file", write(t, "i.txt", "\ufeffSay hello,\nplease.\n"),
		"--voice", "marin", "--first-words", "Hello?", "--language", "en-GB", "--time-limit", "3m", "--key", `a,b;c"%25/=`).expect(t, 0)
	requests, _ := f.seen()
	query := requests[0].URL.Query()
	for name, want := range map[string]string{
		"name": "Ärzte & Söhne, 50% + 1", "region": "GB", "number_column": "Tel. Nr", "allow_duplicates": "true",
		"instructions": "Say hello,\nplease.", "voice": "marin", "first_words": "Hello?", "language": "en-GB", "time_limit": "180",
	} {
		if got := query.Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
	if query.Has("dry_run") || len(query) != 9 {
		t.Errorf("the query is %v", query)
	}
	if key := requests[0].Header.Get("Idempotency-Key"); key != `a,b;c"%25/=` {
		t.Errorf("the key is %q", key)
	}
}

func TestSettingsOfACallArrive(t *testing.T) {
	t.Parallel()
	f := server(t)
	b := newBench(t, f)
	b.run(t, "call", "020 7946 0958", "--region", "gb", "--instructions", "Ask.", "--voice", "marin", "--first-words", "Hello?",
		"--language", "en-GB", "--time-limit", "90", "--meta", "a=1", "--meta", "b=x=y", "--idempotency-key", "k-1").expect(t, 0)
	b.run(t, "call", "+12025550143").expect(t, 0)
	requests, bodies := f.seen()
	want := `{"agent":{"first_words":"Hello?","instructions":"Ask.","language":"en-GB","time_limit":90,"voice":"marin"},` +
		`"metadata":{"a":"1","b":"x=y"},"phone_number":"020 7946 0958","region":"GB"}`
	if got := strings.TrimSpace(string(bodies[0])); got != want || requests[0].Header.Get("Idempotency-Key") != "k-1" {
		t.Errorf("%s with key %s", got, requests[0].Header.Get("Idempotency-Key"))
	}
	if got := strings.TrimSpace(string(bodies[1])); got != `{"phone_number":"+12025550143"}` || len(requests[1].Header.Get("Idempotency-Key")) != 36 {
		t.Errorf("%s with key %s", got, requests[1].Header.Get("Idempotency-Key"))
	}
}

// remembering keeps what a server with idempotency keys keeps, and loses the first
// answers on their way.
type remembering struct {
	mu       sync.Mutex
	lost     int
	accepted map[string]bool
	keys     []string
}

func (m *remembering) submit(next http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		m.mu.Lock()
		key := r.Header.Get("Idempotency-Key")
		replayed := m.accepted[key]
		m.accepted[key] = true
		m.keys = append(m.keys, key)
		lost := len(m.keys) <= m.lost
		m.mu.Unlock()
		if lost {
			panic(http.ErrAbortHandler)
		}
		if replayed {
			w.Header().Set("Idempotent-Replayed", "true")
		}
		next(w, r)
	}
}

// A repeat after a lost answer carries the same key, so it never makes two.
func TestALostAnswerDoesNotSubmitTwice(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		route string
		args  []string
	}{
		"of a call":  {"POST /calls", []string{"call", "+12025550143"}},
		"of a batch": {"POST /batches", []string{"batch", "submit", "-"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newFake(t)
			m := &remembering{lost: 2, accepted: map[string]bool{}}
			next := answer(http.StatusAccepted, example(t, "call_queued"), "Location", "/v1/calls/"+callID)
			if c.route == "POST /batches" {
				next = submitBatch(t)
			}
			f.on(c.route, m.submit(next))
			b := newBench(t, f)
			b.in = "phone\n+12025550143\n"
			o := b.run(t, c.args...).expect(t, 0, "trying again", "It had been submitted before under this key")
			if len(m.keys) != 3 || len(m.accepted) != 1 {
				t.Errorf("the keys were %q", m.keys)
			}
			if strings.Count(o.err, "trying again") != 1 {
				t.Errorf("said more than once: %s", o.err)
			}
			_, bodies := f.seen()
			if !bytes.Equal(bodies[0], bodies[2]) {
				t.Error("the repeat has another body")
			}
			// Another run is another thing that is wanted.
			b.run(t, append(c.args, "--key", "another")...).expect(t, 0)
			if len(m.accepted) != 2 {
				t.Errorf("the keys were %q", m.keys)
			}
		})
	}
}

// When nobody can know whether it was accepted, the key to find out is given.
func TestAnAnswerThatStaysLost(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("POST /batches", cutOff)
	b := newBench(t, f)
	o := b.run(t, "batch", "submit", "-").expect(t, 7, "It may have been accepted.", "--idempotency-key ")
	requests, _ := f.seen()
	if len(requests) != 6 || !strings.Contains(o.err, "--idempotency-key "+requests[0].Header.Get("Idempotency-Key")+"\n") {
		t.Errorf("%d requests, and the key of the first is %s", len(requests), requests[0].Header.Get("Idempotency-Key"))
	}
	o = b.run(t, "batch", "submit", "-", "--dry-run").expect(t, 7)
	if strings.Contains(o.err, "accepted") {
		t.Error("a dry run is never accepted")
	}
}

func TestCtrlCWhileSubmitting(t *testing.T) {
	t.Parallel()
	ctx, interrupt := context.WithCancel(t.Context())
	stopped := make(chan struct{})
	f := newFake(t)
	f.on("POST /batches", func(w http.ResponseWriter, r *http.Request) {
		interrupt()
		<-stopped
		submitBatch(t)(w, r)
	})
	o := newBench(t, f).runWith(ctx, "batch", "submit", "-", "--key", "k-7")
	close(stopped)
	o.expect(t, 130, "outdial: stopped", "It may have been accepted.", "--idempotency-key k-7\n")
}

func TestAServerThatCannotAtTheMoment(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("PUT /capacity", answers(problem(t, "capacity_conflict"), problem(t, "unavailable"), answer(http.StatusOK, example(t, "capacity_stopped"))))
	b := newBench(t, f)
	b.run(t, "capacity", "set", "--stop").expect(t, 0, "trying again")
	if len(b.slept) != 2 || b.slept[1] != 5*time.Second {
		t.Errorf("it waited %v; the server asked for 5 seconds", b.slept)
	}
	f.on("POST /calls", problem(t, "internal"))
	b.slept = nil
	b.run(t, "call", "+12025550143").expect(t, 1, "It may have been accepted.")
	if len(b.slept) != 0 {
		t.Error("an internal error was tried again")
	}
}

// A big list on a slow line shows how far it is.
func TestUploadShowsProgress(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	b.terminal, b.ticks = true, make(chan time.Time)
	b.in = "phone\n" + strings.Repeat("+12025550143\n", 400_000)
	submitted := submitBatch(t)
	half := make(chan struct{})
	server := newSlowServer(t, half, func(w http.ResponseWriter, r *http.Request) {
		b.ticks <- b.Now() // all is sent
		b.ticks <- b.Now()
		submitted(w, r)
	})
	go func() {
		<-half
		b.advance(3 * time.Second)
		b.ticks <- b.Now()
		b.ticks <- b.Now() // the one before has been drawn
		half <- struct{}{}
	}()
	b.env["OUTDIAL_URL"], b.env["OUTDIAL_TOKEN"] = server, "test-token"
	o := b.run(t, "batch", "submit", "-").expect(t, 0, " of 5.2 MB (", "the server is checking the rows")
	if !strings.Contains(o.err, "uploading: ") || strings.Contains(o.err, "(100 %)") {
		t.Errorf("%q", o.err)
	}
}
