package serve_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/outdial/outdial/contracts/api"
)

// hurry divides what a client waits when it is told to Retry-After, so that each
// of them stands for several.
const hurry = 10

// loadClient is somebody who submits calls and polls them, one thing after the
// other, on a connection of their own that is kept.
type loadClient struct {
	n        int
	api      *api.ClientWithResponses
	seen     *observed
	accepted map[string]string // calls by idempotency key
	canceled map[string]bool   // calls of which the answer says that they are canceled
}

// newLoadClient is a client of the server that base speaks to.
func newLoadClient(n int, base api.ClientInterface, seen *observed) (*loadClient, error) {
	with, ok := base.(*api.Client)
	if !ok {
		return nil, fmt.Errorf("the client is a %T", base)
	}
	own := *with
	own.Client = &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}, Timeout: time.Minute}
	client := &api.ClientWithResponses{ClientInterface: &own}
	return &loadClient{n: n, api: client, seen: seen, accepted: map[string]string{}, canceled: map[string]bool{}}, nil
}

// work goes on until ctx ends. What is under way then is answered first.
func (c *loadClient) work(ctx context.Context) {
	whole := context.WithoutCancel(ctx)
	for turn := 0; ctx.Err() == nil; turn++ {
		key := fmt.Sprintf("load-%d-%d", c.n, turn)
		id := c.submit(whole, key)
		if id == "" {
			return // the error is noted
		}
		c.accepted[key] = id
		if turn%4 == 0 {
			if again := c.submit(whole, key); again != id {
				c.seen.wrong("the key %s gave %s, and then %s", key, id, again)
			}
		}
		if turn%3 == 0 {
			c.cancel(whole, id)
		}
		if turn%5 == 0 {
			c.list(whole)
		}
		c.poll(ctx, id, 4)
	}
}

// replied is an answer that was read to its end.
type replied struct {
	status int
	header http.Header
	body   []byte
}

// ask sends one request. It gives nil when there is no answer, or none of these.
func (c *loadClient) ask(what string, send func() (*replied, error), want ...int) *replied {
	began := time.Now()
	got, err := send()
	c.seen.took(what, time.Since(began))
	switch {
	case err != nil:
		c.seen.wrong("%s: %v", what, err)
		return nil
	case !slices.Contains(want, got.status):
		c.seen.wrong("%s is answered %d: %.300s", what, got.status, got.body)
		return nil
	}
	return got
}

func (c *loadClient) submit(ctx context.Context, key string) (id string) {
	got := c.ask("submit", func() (*replied, error) {
		r, err := c.api.SubmitCallWithResponse(ctx, &api.SubmitCallParams{IdempotencyKey: &key},
			api.SubmitCallRequest{PhoneNumber: fmt.Sprintf("+1212555%04d", 2000+c.n)})
		if err != nil {
			return nil, err
		}
		return &replied{r.StatusCode(), r.HTTPResponse.Header, r.Body}, nil
	}, http.StatusAccepted)
	if got == nil {
		return ""
	}
	return c.callIn(got.body).ID
}

func (c *loadClient) callIn(body []byte) (call api.Call) {
	if err := json.Unmarshal(body, &call); err != nil {
		c.seen.wrong("an answer can't be read: %v", err)
	}
	return call
}

// cancel is answered 200 when the call is canceled, 202 when its agent was asked
// to hang up, and 409 when it had ended.
func (c *loadClient) cancel(ctx context.Context, id string) {
	got := c.ask("cancel", func() (*replied, error) {
		r, err := c.api.CancelCallWithResponse(ctx, id, nil)
		if err != nil {
			return nil, err
		}
		return &replied{r.StatusCode(), r.HTTPResponse.Header, r.Body}, nil
	}, http.StatusOK, http.StatusAccepted, http.StatusConflict)
	switch {
	case got == nil:
	case got.status == http.StatusOK:
		c.canceled[id] = true
	case got.status == http.StatusConflict:
		var p api.Problem
		if err := json.Unmarshal(got.body, &p); err != nil || p.Code != api.ProblemCodeCallAlreadyFinal {
			c.seen.wrong("cancel is answered %s (%v)", got.body, err)
		}
	}
}

// list reads the newest calls. Others submit at the same time, so any may be there.
func (c *loadClient) list(ctx context.Context) {
	limit := 20
	got := c.ask("list", func() (*replied, error) {
		r, err := c.api.ListCallsWithResponse(ctx, &api.ListCallsParams{Limit: &limit})
		if err != nil {
			return nil, err
		}
		return &replied{r.StatusCode(), r.HTTPResponse.Header, r.Body}, nil
	}, http.StatusOK)
	if got == nil {
		return
	}
	var list api.CallList
	if err := json.Unmarshal(got.body, &list); err != nil || len(list.Calls) == 0 || len(list.Calls) > limit {
		c.seen.wrong("the list has %d calls (%v)", len(list.Calls), err)
	}
}

// poll looks at a call until it is final, or some times.
func (c *loadClient) poll(ctx context.Context, id string, times int) {
	etag := ""
	for range times {
		got := c.look(context.WithoutCancel(ctx), id, etag)
		if got == nil {
			return
		}
		tag := got.header.Get("ETag")
		if got.status == http.StatusNotModified && tag != etag {
			c.seen.wrong("unchanged since %s is %s", etag, tag)
		}
		if got.status == http.StatusOK && c.callIn(got.body).ID != id {
			c.seen.wrong("asked for %s, got %s", id, got.body)
		}
		etag = tag
		after, err := strconv.Atoi(got.header.Get("Retry-After"))
		if err != nil {
			return // it is final
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Duration(after) * time.Second / hurry):
		}
	}
}

func (c *loadClient) look(ctx context.Context, id, etag string) *replied {
	params := &api.GetCallParams{}
	if etag != "" {
		params.IfNoneMatch = &etag
	}
	return c.ask("poll", func() (*replied, error) {
		r, err := c.api.GetCallWithResponse(ctx, id, params)
		if err != nil {
			return nil, err
		}
		return &replied{r.StatusCode(), r.HTTPResponse.Header, r.Body}, nil
	}, http.StatusOK, http.StatusNotModified)
}

// observed is what all clients have seen.
type observed struct {
	mu      sync.Mutex
	times   map[string][]time.Duration // of requests, by what they do
	errors  int
	samples []string // of errors, the first ones
}

func newObserved() *observed { return &observed{times: map[string][]time.Duration{}} }

func (o *observed) took(what string, d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.times[what] = append(o.times[what], d)
}

func (o *observed) wrong(format string, args ...any) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.errors++; o.errors <= 10 {
		o.samples = append(o.samples, fmt.Sprintf(format, args...))
	}
}
