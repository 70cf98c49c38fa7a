package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// statusRow measures what a client does most: it asks for the status of a call,
// with the tag of the answer that it has, or without. The calls wait: theirs is
// the answer that takes most reads.
func statusRow() row {
	return row{
		name:    "status by id, with and without ETag",
		against: "a bare `net/http` handler that writes the same bytes",
		aim:     atLeast(0.5),
		run:     runStatus,
	}
}

func runStatus(ctx context.Context, o options) (_ result, err error) {
	h, err := openHouse(ctx, o.dir, "status")
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	asked, err := h.waitingCalls(ctx, 64)
	if err != nil {
		return result{}, err
	}
	bare, err := serveBare(ctx, asked)
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, bare.close()) }()

	compare := func(tagged bool) (pairs, error) {
		of := func(base string) side {
			return func(ctx context.Context) (effort, error) {
				return timed(func() (int, error) { return h.poll(ctx, base, asked, tagged, o.size(100, 2)) })
			}
		}
		return inPairs(ctx, o, 10, of(h.url), of(bare.url))
	}
	whole, err := compare(false)
	if err != nil {
		return result{}, err
	}
	tagged, err := compare(true)
	if err != nil {
		return result{}, err
	}
	worse, better := whole.rates(byWall, ""), tagged.rates(byWall, "")
	note := fmt.Sprintf("200: %.2f, %.0f a second against %.0f; 304: %.2f, %.0f against %.0f; %d clients on the same cores",
		worse.ratio, 1/typical(whole.ours, byWall), 1/typical(whole.theirs, byWall),
		better.ratio, 1/typical(tagged.ours, byWall), 1/typical(tagged.theirs, byWall), clients)
	if better.ratio < worse.ratio {
		worse = better
	}
	return result{ratio: worse.ratio, spread: worse.spread, note: note}, nil
}

// status is the answer to a question for a call, as it was given once.
type status struct {
	path   string
	etag   string
	header http.Header
	body   []byte
}

// waitingCalls submits calls that wait, and asks for each once.
func (h *house) waitingCalls(ctx context.Context, n int) ([]status, error) {
	before, err := h.db.Capacity(ctx)
	if err != nil {
		return nil, err
	}
	none := 0
	if err := h.db.SetCapacity(ctx, before, before.Set(call.CapacityUpdate{Limit: &none}, time.Now())); err != nil {
		return nil, err
	}
	all := make([]status, n)
	for i := range all {
		answer, err := h.post(ctx, "/calls", "application/json", oneCall, http.StatusAccepted)
		if err != nil {
			return nil, err
		}
		var submitted api.Call
		if err := json.Unmarshal(answer, &submitted); err != nil {
			return nil, err
		}
		all[i].path = "/calls/" + submitted.ID
		if err := h.ask(ctx, h.url, &all[i], ""); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// ask asks for a call. Without a tag it keeps the answer, which is whole; with
// one, the answer is that nothing has changed.
func (h *house) ask(ctx context.Context, base string, s *status, etag string) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base+s.path, nil)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	want := http.StatusOK
	if etag != "" {
		request.Header.Set("If-None-Match", etag)
		want = http.StatusNotModified
	}
	response, err := h.client.Do(request)
	if err != nil {
		return err
	}
	body, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	if response.StatusCode != want {
		return fmt.Errorf("GET %s: %s, want %d: %s", s.path, response.Status, want, body)
	}
	if etag == "" {
		s.header, s.body, s.etag = response.Header, body, response.Header.Get("ETag")
	}
	return nil
}

// poll has all clients ask for one call after the other.
func (h *house) poll(ctx context.Context, base string, asked []status, tagged bool, each int) (int, error) {
	next := make([]int, clients)
	return together(ctx, each, func(ctx context.Context, client int) error {
		s := asked[(client+next[client]*clients)%len(asked)] // a copy: others ask for it, too
		next[client]++
		if !tagged {
			return h.ask(ctx, base, &s, "")
		}
		return h.ask(ctx, base, &s, s.etag)
	})
}

// bare is a server that writes answers which it has.
type bare struct {
	url    string
	server *http.Server
	served chan error
}

func serveBare(ctx context.Context, answers []status) (*bare, error) {
	byPath := map[string]status{}
	for _, a := range answers {
		a.header.Del("Date") // the server's own
		byPath[a.path] = a
	}
	handler := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		a := byPath[strings.TrimPrefix(r.URL.Path, api.BasePath)]
		unchanged := r.Header.Get("If-None-Match") == a.etag
		for name, values := range a.header {
			if !unchanged || name != "Content-Type" && name != "Content-Length" {
				w.Header()[name] = values
			}
		}
		if unchanged {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		_, _ = w.Write(a.body) // a client that has left sees no answer
	})
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	b := &bare{
		url:    "http://" + listener.Addr().String() + api.BasePath,
		server: &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}, served: make(chan error, 1),
	}
	go func() { b.served <- b.server.Serve(listener) }()
	return b, nil
}

func (b *bare) close() error {
	err := b.server.Close()
	if served := <-b.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return err
}
