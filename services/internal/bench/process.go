package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"strconv"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

// patience is how long a server may take for anything that it is waited for.
const patience = 3 * time.Minute

// build builds the program.
func build(ctx context.Context, binary string) error {
	out, err := exec.CommandContext(ctx, "go", "build", "-buildvcs=false", "-o", binary, //nolint:gosec // the path is ours
		"github.com/outdial/outdial/services/outdial").CombinedOutput()
	if err != nil {
		return fmt.Errorf("build outdial: %w: %s", err, out)
	}
	return nil
}

// process is a running `outdial serve`, with a client of it.
type process struct {
	house   // only what asks
	command *exec.Cmd
	log     *bytes.Buffer // to be read when it has ended
}

// startServer starts a server in a new data folder and waits until it answers.
func startServer(ctx context.Context, binary, data string) (*process, error) {
	address, err := freeAddress(ctx)
	if err != nil {
		return nil, err
	}
	p := &process{log: &bytes.Buffer{}}
	p.url, p.client = "http://"+address+api.BasePath, newClient()
	p.command = exec.CommandContext(context.WithoutCancel(ctx), binary, "serve", "--data", data, "--listen", address, //nolint:gosec // built by us
		"--limit", "4", "--rate", "5", "--log-level", "error",
		"--sim-speed", "20", "--sim-talk", "10s", "--sim-talk-min", "5s", "--sim-talk-max", "20s")
	p.command.Stderr = p.log
	if err := p.command.Start(); err != nil {
		return nil, err
	}
	err = p.until(ctx, "the server answers", func(ctx context.Context) (bool, error) {
		return p.get(ctx, "/health", new(json.RawMessage)) == nil, nil
	})
	if err == nil {
		p.token, err = mint(data)
	}
	if err != nil {
		return nil, errors.Join(err, p.command.Process.Kill(), p.command.Wait())
	}
	return p, nil
}

// freeAddress is one on which nobody listens, for the moment.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}

// mint makes a token of the folder's first user.
func mint(data string) (string, error) {
	issuer, err := devissuer.Load(devissuer.Config{Dir: serve.IssuerDir(data)})
	if err != nil {
		return "", err
	}
	user, err := issuer.FirstUser()
	if err != nil {
		return "", err
	}
	return issuer.MintAccessToken(user, signin.Scopes(), time.Now())
}

// until waits for a condition.
func (p *process) until(ctx context.Context, what string, holds func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for {
		ok, err := holds(ctx)
		if ok || err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("waiting until %s: %w", what, ctx.Err())
		case <-ticker.C:
		}
	}
}

// get asks and decodes the answer.
func (p *process) get(ctx context.Context, path string, answer any) error {
	return p.send(ctx, http.MethodGet, path, nil, answer)
}

func (p *process) send(ctx context.Context, method, path string, body io.Reader, answer any) error {
	request, err := http.NewRequestWithContext(ctx, method, p.url+path, body)
	if err != nil {
		return err
	}
	request.Header.Set("Authorization", "Bearer "+p.token)
	request.Header.Set("Content-Type", "application/json")
	response, err := p.client.Do(request)
	if err != nil {
		return err
	}
	content, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return err
	}
	switch {
	case response.StatusCode >= http.StatusBadRequest:
		return fmt.Errorf("%s %s: %s: %s", method, path, response.Status, content)
	case answer == nil:
		return nil
	}
	return json.Unmarshal(content, answer)
}

// resident is the memory that the server holds, in MB.
func (p *process) resident(ctx context.Context) (float64, error) {
	out, err := exec.CommandContext(ctx, "ps", "-o", "rss=", "-p", strconv.Itoa(p.command.Process.Pid)).Output() //nolint:gosec // a number
	if err != nil {
		return 0, fmt.Errorf("ps: %w", err)
	}
	kib, err := strconv.ParseFloat(strings.TrimSpace(string(out)), 64)
	return kib * 1024 / 1e6, err
}
