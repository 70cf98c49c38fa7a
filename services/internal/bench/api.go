package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"
	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/httpapi"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/tracking"
)

// slice is how many calls of a batch `outdial serve` makes in one transaction.
const slice = 500

// house is Outdial on a data file of its own, without tasks: the store, the use
// cases, and the API on a port of this machine with the real check of tokens.
type house struct {
	db      *sqlite.DB
	path    string // of the data file
	tracker *tracking.Tracker
	url     string // of the API, with /v1
	token   string // of a machine client with all scopes
	client  *http.Client

	server *http.Server
	served chan error
}

// openHouse opens a house in a folder, which it may share with others by another name.
func openHouse(ctx context.Context, dir, name string) (*house, error) {
	h := &house{path: filepath.Join(dir, name+".db"), served: make(chan error, 1)}
	var err error
	h.db, err = sqlite.Open(ctx, sqlite.Options{
		Path: h.path, Capacity: call.Capacity{Limit: 1 << 30, Rate: 1e9, Version: 1},
	})
	if err != nil {
		return nil, err
	}
	if err := h.serve(ctx); err != nil {
		return nil, errors.Join(err, h.db.Close())
	}
	return h, nil
}

func (h *house) close() error {
	h.client.CloseIdleConnections()
	err := h.server.Close()
	if served := <-h.served; !errors.Is(served, http.ErrServerClosed) {
		err = errors.Join(err, served)
	}
	return errors.Join(err, h.db.Close())
}

func (h *house) serve(ctx context.Context) error {
	log := slog.New(slog.DiscardHandler)
	verifier, token, err := newSignIn(log)
	if err != nil {
		return err
	}
	jobs, looks := queue.JobSender{Queue: h.db}, queue.EventSender{Queue: h.db}
	h.tracker = &tracking.Tracker{
		Store: h.db, Jobs: jobs, Looks: looks, Now: time.Now, Timing: call.DefaultTiming(), Log: log, Slice: slice,
	}
	server := &httpapi.Server{
		Store:    h.db,
		Intake:   &intake.Service{Store: h.db, Jobs: jobs, Looks: looks, Now: time.Now, NewULID: newULID, Log: log},
		Control:  h.tracker,
		Capacity: &capacity.Service{Store: h.db, Jobs: jobs, Now: time.Now, Log: log},
		SignIn:   verifier, Now: time.Now, NewULID: newULID, Log: log,
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	h.url, h.token = "http://"+listener.Addr().String()+api.BasePath, token
	h.client = newClient()
	h.server = &http.Server{Handler: server.Handler(), ReadHeaderTimeout: time.Minute}
	go func() { h.served <- h.server.Serve(listener) }()
	return nil
}

// newClient keeps a connection for each of many that ask at the same time.
func newClient() *http.Client {
	return &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 256, DisableCompression: true}}
}

// post sends a body and gives the answer, which must have the given status.
func (h *house) post(ctx context.Context, path, contentType string, body []byte, status int) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, h.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+h.token)
	request.Header.Set("Content-Type", contentType)
	response, err := h.client.Do(request)
	if err != nil {
		return nil, err
	}
	answer, err := io.ReadAll(response.Body)
	if err := errors.Join(err, response.Body.Close()); err != nil {
		return nil, err
	}
	if response.StatusCode != status {
		return nil, fmt.Errorf("POST %s: %s: %s", path, response.Status, answer)
	}
	return answer, nil
}

func newULID() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }

const issuerURL, clientID = "https://issuer.example", "bench"

// newSignIn makes a verifier of an issuer's tokens, and a token. The issuer is
// asked for its keys once, and isn't there: its answer is.
func newSignIn(log *slog.Logger) (*signin.Verifier, string, error) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		return nil, "", err
	}
	published, err := json.Marshal(jose.JSONWebKeySet{Keys: []jose.JSONWebKey{
		{Key: &key.PublicKey, KeyID: "1", Use: "sig", Algorithm: string(jose.RS256)},
	}})
	if err != nil {
		return nil, "", err
	}
	verifier, err := signin.New(
		signin.Config{Issuer: issuerURL, JWKSURL: issuerURL + "/keys", ClientIDs: []string{clientID}},
		signin.Options{Client: &http.Client{Transport: answering(published)}, Log: log})
	if err != nil {
		return nil, "", err
	}
	signer, err := jose.NewSigner(
		jose.SigningKey{Algorithm: jose.RS256, Key: jose.JSONWebKey{Key: key, KeyID: "1"}}, nil)
	if err != nil {
		return nil, "", err
	}
	now := time.Now()
	token, err := jwt.Signed(signer).Claims(map[string]any{
		"iss": issuerURL, "sub": clientID, "client_id": clientID, "token_use": "access", "jti": "1",
		"scope": signin.ScopeRead + " " + signin.ScopeWrite + " " + signin.ScopeAdmin,
		"iat":   now.Unix(), "exp": now.Add(time.Hour).Unix(),
	}).Serialize()
	return verifier, token, err
}

// answering answers every request with the same JSON.
type answering []byte

// RoundTrip answers a request.
func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   io.NopCloser(bytes.NewReader(a)), ContentLength: int64(len(a)),
	}, nil
}
