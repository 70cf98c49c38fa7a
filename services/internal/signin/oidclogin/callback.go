package oidclogin

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/outdial/outdial/services/internal/signin/discovery"
	"github.com/outdial/outdial/services/internal/signin/page"
)

var closingPage = page.New(`{{define "title"}}{{.Title}}{{end}}
{{define "main"}}<h1>{{.Title}}</h1><p{{if .Failed}} class="error" role="alert"{{end}}>{{.Text}}</p>{{end}}`)

// message is what the browser shows at the end.
type message struct {
	Title, Text string
	Failed      bool
}

// callback takes the browser's return, fetches the tokens, and tells the person how
// it ended: the page speaks when the outcome is known.
type callback struct {
	path     string
	state    string
	issuer   discovery.Document
	exchange func(code string) (Tokens, error)

	once   sync.Once
	result chan result // gets exactly one
}

type result struct {
	tokens Tokens
	err    error
}

func newCallback(path, state string, issuer discovery.Document, exchange func(string) (Tokens, error)) *callback {
	return &callback{path: path, state: state, issuer: issuer, exchange: exchange, result: make(chan result, 1)}
}

// serve answers the browser until stop is called, which lets the last page out.
func (c *callback) serve(ctx context.Context, listener net.Listener) (stop func()) {
	server := &http.Server{Handler: c, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 64 << 10}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			c.once.Do(func() { c.result <- result{err: fmt.Errorf("wait for the browser: %w", err)} })
		}
	}()
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if err := server.Shutdown(ctx); err != nil {
			_ = server.Close() // a browser that holds a connection must not hold us
		}
		<-ended
	}
}

func (c *callback) wait(ctx context.Context) (Tokens, error) {
	select {
	case r := <-c.result:
		return r.tokens, r.err
	case <-ctx.Done():
		if errors.Is(context.Cause(ctx), ErrTimeout) {
			return Tokens{}, ErrTimeout
		}
		return Tokens{}, ctx.Err()
	}
}

// ServeHTTP answers the browser. What doesn't carry our state isn't the issuer's
// answer to us; it is refused and the waiting goes on, so that another program on
// this machine can't end somebody's sign-in.
func (c *callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	state := q.Get("state")
	switch {
	case r.URL.Path != c.path || r.Method != http.MethodGet:
		http.NotFound(w, r)
		return
	case subtle.ConstantTimeCompare([]byte(state), []byte(c.state)) != 1:
		show(w, http.StatusBadRequest, message{"This is not the sign-in that was started", "Start again in the terminal.", true})
		return
	}
	first := false
	c.once.Do(func() { first = true })
	if !first {
		show(w, http.StatusBadRequest, message{"This sign-in is over", "Look into the terminal for how it ended.", true})
		return
	}
	tokens, err := c.finish(q.Get("iss"), q.Get("error"), q.Get("error_description"), q.Get("code"))
	if err != nil {
		show(w, http.StatusBadRequest, message{"You are not signed in", err.Error(), true})
	} else {
		show(w, http.StatusOK, message{"You are signed in", "You can close this page and go back to the terminal.", false})
	}
	c.result <- result{tokens, err}
}

// finish turns the issuer's answer into tokens.
func (c *callback) finish(iss, code, description, grant string) (Tokens, error) {
	switch {
	case iss != "" && iss != c.issuer.Issuer, iss == "" && c.issuer.NamesItself:
		// The answer of another issuer, to whom the code would be sent (RFC 9207).
		return Tokens{}, errors.New("the answer came from another issuer than the one asked")
	case code != "":
		return Tokens{}, &IssuerError{Code: printable(code), Description: printable(description)}
	case grant == "":
		return Tokens{}, errors.New("the issuer's answer has neither a code nor an error")
	}
	return c.exchange(grant)
}

func show(w http.ResponseWriter, status int, m message) {
	w.Header().Set("Connection", "close")
	_ = page.Write(w, status, closingPage, m) // the browser may be gone; the terminal tells as well
}
