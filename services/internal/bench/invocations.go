package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/aws/aws-lambda-go/events"

	"github.com/outdial/outdial/contracts/api"
)

// invocationsRow measures what the api does itself of what a client does most: to
// ask for the status of a call. An instance has one request at a time.
func invocationsRow() row {
	return row{
		name:    "Lambda: status by id through `api`, store that answers at once",
		against: "that hello-world, which writes the same bytes",
		aim:     atLeast(0.5),
		run:     runInvocations,
	}
}

func runInvocations(ctx context.Context, o options) (_ result, err error) {
	built, err := buildPrograms(ctx, o.dir, instantProgram, helloProgram)
	if err != nil {
		return result{}, err
	}
	instant, err := built.start(ctx, instantProgram, nil)
	if err != nil {
		return result{}, err
	}
	defer func() { err = instant.close(err) }()
	path, etag, err := instant.waitingCall(ctx)
	if err != nil {
		return result{}, err
	}
	whole, err := compareStatus(ctx, o, built, instant, path, "", http.StatusOK)
	if err != nil {
		return result{}, err
	}
	tagged, err := compareStatus(ctx, o, built, instant, path, etag, http.StatusNotModified)
	if err != nil {
		return result{}, err
	}
	worse, better := whole.rates(byWall, ""), tagged.rates(byWall, "")
	note := fmt.Sprintf("200: %.2f, %.0f a second against %.0f; 304: %.2f, %.0f against %.0f; through a stand-in for Lambda's Runtime API on the same cores",
		worse.ratio, 1/typical(whole.ours, byWall), 1/typical(whole.theirs, byWall),
		better.ratio, 1/typical(tagged.ours, byWall), 1/typical(tagged.theirs, byWall))
	if better.ratio < worse.ratio {
		worse = better
	}
	worse.note = note
	return worse, nil
}

// waitingCall submits a call, and gives its path and the tag of its status.
func (f function) waitingCall(ctx context.Context) (path, etag string, err error) {
	submitted, err := f.request(ctx, http.MethodPost, "/calls", string(oneCall), http.StatusAccepted)
	if err != nil {
		return "", "", err
	}
	var c api.Call
	if err := json.Unmarshal([]byte(submitted.Body), &c); err != nil {
		return "", "", err
	}
	path = "/calls/" + c.ID
	shown, err := f.request(ctx, http.MethodGet, path, "", http.StatusOK)
	return path, shown.Headers["Etag"], err
}

// request has a function answer a request.
func (f function) request(ctx context.Context, method, path, body string, status int) (got events.APIGatewayV2HTTPResponse, err error) {
	e, err := event(method, path, body, "")
	if err != nil {
		return got, err
	}
	answer, err := f.ask(ctx, e, status)
	return got, errors.Join(err, json.Unmarshal(answer, &got))
}

// compareStatus has the api and a hello answer the same question with the same bytes.
func compareStatus(ctx context.Context, o options, built programs, instant function, path, etag string, status int) (_ pairs, err error) {
	asked, err := event(http.MethodGet, path, "", etag)
	if err != nil {
		return pairs{}, err
	}
	answer, err := instant.ask(ctx, asked, status)
	if err != nil {
		return pairs{}, err
	}
	hello, err := built.start(ctx, helloProgram, answer)
	if err != nil {
		return pairs{}, err
	}
	defer func() { err = hello.close(err) }()
	of := func(f function) side {
		return func(ctx context.Context) (effort, error) {
			return timed(func() (int, error) { return f.askAgain(ctx, asked, status, o.size(1000, 2)) })
		}
	}
	return inPairs(ctx, o, 10, of(instant), of(hello))
}

// askAgain asks the same so many times, one after the other.
func (f function) askAgain(ctx context.Context, asked []byte, status, times int) (int, error) {
	for n := range times {
		if _, err := f.ask(ctx, asked, status); err != nil {
			return n, err
		}
	}
	return times, nil
}
