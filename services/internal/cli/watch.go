package cli

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// pollDelay is the time between two looks where the server doesn't say.
const pollDelay = 2 * time.Second

// watch looks at something again and again until it is done.
type watch[T any] struct {
	*client
	what string // said once it is there
	get  func(ctx context.Context, etag *string) (*http.Response, error)
	show func(T) // after each look; on a terminal each second too
	done func(T) bool
}

// run gives the last state, and its document as it came. It goes on while the
// server is away, for as long as that takes.
func (w watch[T]) run(ctx context.Context) (last T, document []byte, err error) {
	var etag *string
	failures := 0
	for {
		answer, err := w.once(ctx, func(ctx context.Context) (*http.Response, error) { return w.get(ctx, etag) })
		if err != nil {
			wait, again := passing(err)
			if !again {
				return last, document, err
			}
			failures++
			if failures == 1 {
				w.screen.note("outdial: %s; still trying, the calls go on", sentence(err.Error()))
			}
			if err := w.Sleep(ctx, max(wait, w.backoff(failures))); err != nil {
				return last, document, err
			}
			continue
		}
		if failures > 0 {
			w.screen.note("outdial: %s answers again", w.url)
			failures = 0
		}
		if answer.status != http.StatusNotModified {
			if last, err = decode[T](answer); err != nil {
				return last, document, err
			}
			if document == nil {
				w.screen.note("%s", w.what)
			}
			document = answer.body
			if tag := answer.header.Get("ETag"); tag != "" {
				etag = &tag
			}
		}
		w.show(last)
		if w.done(last) {
			return last, document, nil
		}
		if err := w.pause(ctx, answer, last); err != nil {
			return last, document, err
		}
	}
}

// pause waits as long as the server asks for. On a terminal what is shown goes
// on: the time that has passed is part of it.
func (w watch[T]) pause(ctx context.Context, answer *reply, last T) error {
	left := time.Duration(seconds(answer.header)) * time.Second
	if left == 0 {
		left = pollDelay
	}
	for left > 0 {
		step := left
		if w.screen.Terminal {
			step = min(step, time.Second)
		}
		if err := w.Sleep(ctx, step); err != nil {
			return err
		}
		if left -= step; left > 0 {
			w.show(last)
		}
	}
	return nil
}

// stopped is the error of a watch that broke off. Whatever the cause, the calls go
// on, and it says how to come back. Was nothing ever seen, there may be nothing to
// come back to.
func (a *app) stopped(ctx context.Context, err error, seen bool, comeBack string) error {
	if a.flags.url != "" {
		comeBack += " --url " + shellWord(a.flags.url)
	}
	if ctx.Err() == nil {
		if seen {
			a.screen.note("The calls go on. To come back: %s", comeBack)
		}
		return err
	}
	return &exitError{
		code: exitInterrupted, message: "stopped watching; the calls go on", cause: err,
		advice: "To come back: " + comeBack,
	}
}

// shellWord quotes a word for a shell where it needs that.
func shellWord(s string) string {
	safe := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("-_./:@%+=,", r)
	}
	if s != "" && strings.IndexFunc(s, func(r rune) bool { return !safe(r) }) < 0 {
		return s
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}
