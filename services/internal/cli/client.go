package cli

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/outdial/outdial/contracts/api"
)

// client asks one server, one request at a time.
type client struct {
	*app
	session
	api    *api.Client
	bearer string // of the request under way
}

// client is for the server and the sign-in of this run.
func (a *app) client() (*client, error) {
	s, err := a.session()
	if err != nil {
		return nil, err
	}
	c := &client{app: a, session: s}
	c.api, err = api.NewClient(s.url+api.BasePath, api.WithHTTPClient(a.http), api.WithRequestEditorFn(c.sign))
	return c, err
}

func (c *client) sign(_ context.Context, r *http.Request) error {
	r.Header.Set("Authorization", "Bearer "+c.bearer)
	r.Header.Set("User-Agent", "outdial/"+c.Version)
	return nil
}

// request sends a request. It is called again for each repeat.
type request func(ctx context.Context) (*http.Response, error)

// reply is a good answer, read to its end.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// maxAnswer bounds an answer, in bytes. Real ones have a few megabytes.
const maxAnswer = 256 << 20

// once sends a request once; twice if the first token is refused and there is
// another.
func (c *client) once(ctx context.Context, r request) (*reply, error) {
	token, err := c.tokens.token(ctx, "")
	if err != nil {
		return nil, err
	}
	answer, err := c.send(ctx, token, r)
	if !isUnauthorized(err) {
		return answer, err
	}
	other, otherErr := c.tokens.token(ctx, token)
	switch {
	case errors.Is(otherErr, errNoOther):
		return nil, c.unauthorized(err)
	case otherErr != nil:
		return nil, otherErr
	}
	if answer, err = c.send(ctx, other, r); isUnauthorized(err) {
		err = c.unauthorized(err)
	}
	return answer, err
}

func isUnauthorized(err error) bool {
	p, ok := errors.AsType[*problemError](err)
	return ok && p.Status == http.StatusUnauthorized
}

// unauthorized adds what to do, which depends on where the token is from.
func (c *client) unauthorized(err error) error {
	p, ok := errors.AsType[*problemError](err)
	if !ok {
		return err
	}
	e := p.explain()
	e.advice = c.tokens.advice()
	return &e
}

func (c *client) send(ctx context.Context, token string, r request) (*reply, error) {
	c.bearer = token
	res, err := r(ctx)
	if err != nil {
		return nil, c.noAnswer(ctx, err)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxAnswer+1))
	if err = errors.Join(err, res.Body.Close()); err != nil {
		return nil, c.noAnswer(ctx, err)
	}
	if len(body) > maxAnswer {
		return nil, fmt.Errorf("the answer has more than %d bytes", maxAnswer)
	}
	if res.StatusCode/100 == 2 || res.StatusCode == http.StatusNotModified {
		return &reply{res.StatusCode, res.Header, body}, nil
	}
	return nil, readProblem(res, body)
}

// noAnswer says why no answer came.
func (c *client) noAnswer(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return &networkError{url: c.url, sent: !neverSent(err), err: innermost(err)}
}

// innermost leaves out method and address, which are told already.
func innermost(err error) error {
	if transport, ok := errors.AsType[*url.Error](err); ok {
		return transport.Err
	}
	return err
}

// readProblem reads the problem document. Something else than the server, a
// proxy for one, may have answered without.
func readProblem(res *http.Response, body []byte) error {
	p := &problemError{}
	kind, _, err := mime.ParseMediaType(res.Header.Get("Content-Type"))
	if err != nil || kind != api.ProblemContentType || json.Unmarshal(body, &p.Problem) != nil || p.Detail == "" {
		p.Problem = api.Problem{
			Detail:    fmt.Sprintf("The server answered %s.", res.Status),
			RequestID: res.Header.Get(api.HeaderRequestID),
		}
	}
	p.Status = res.StatusCode
	p.retryAfter = seconds(res.Header)
	return p
}

// seconds reads Retry-After; 0 if there is none.
func seconds(h http.Header) int {
	n, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil {
		return 0
	}
	return max(0, n)
}

// decode reads a JSON answer.
func decode[T any](answer *reply) (value T, err error) {
	if err := json.Unmarshal(answer.body, &value); err != nil {
		return value, &exitError{
			code: exitUnexpected, message: "the answer is not Outdial's", details: []string{err.Error()}, cause: err,
			advice: "Is that the server's URL? Name it with --url.",
		}
	}
	return value, nil
}

const (
	maxTries   = 6
	firstDelay = 500 * time.Millisecond
	maxDelay   = 30 * time.Second
)

// do sends a request and repeats it when its answer got lost or the server can't
// at the moment. Repeating is safe: what isn't idempotent by itself carries an
// Idempotency-Key, the same one every time. A server that isn't there at all is
// told at once.
func (c *client) do(ctx context.Context, r request) (*reply, error) {
	for try := 1; ; try++ {
		answer, err := c.once(ctx, r)
		if err == nil {
			return answer, nil
		}
		wait, again := passing(err)
		network, isNetwork := errors.AsType[*networkError](err)
		notThere := try == 1 && isNetwork && !network.sent
		if !again || notThere || try == maxTries || wait > maxDelay || isInternal(err) {
			return nil, err
		}
		if try == 1 {
			c.screen.note("outdial: %s; trying again", sentence(err.Error()))
		}
		if err := c.Sleep(ctx, max(wait, c.backoff(try))); err != nil {
			return nil, err
		}
	}
}

// passing tells whether the same request may succeed later, and after which
// time the server wants it.
func passing(err error) (wait time.Duration, ok bool) {
	if _, ok := errors.AsType[*networkError](err); ok {
		return 0, true
	}
	p, ok := errors.AsType[*problemError](err)
	if !ok {
		return 0, false
	}
	ok = p.Status >= 500 || p.Status == http.StatusTooManyRequests || p.Code == api.ProblemCodeCapacityConflict
	return time.Duration(p.retryAfter) * time.Second, ok
}

// isInternal tells an error of the server that is likely to come again.
func isInternal(err error) bool {
	p, ok := errors.AsType[*problemError](err)
	return ok && p.Status == http.StatusInternalServerError
}

// backoff doubles with each try, and differs by half of it so that many who wait
// for the same server don't come back at the same moment.
func (a *app) backoff(try int) time.Duration {
	delay := maxDelay
	if try < 8 {
		delay = min(maxDelay, firstDelay<<(try-1))
	}
	var random [4]byte
	if _, err := io.ReadFull(a.Rand, random[:]); err != nil {
		return delay
	}
	return delay/2 + time.Duration(float64(delay/2)*float64(binary.BigEndian.Uint32(random[:]))/(1<<32))
}

// fetch sends a request, and reads the JSON answer.
func fetch[T any](ctx context.Context, c *client, r request) (value T, answer *reply, err error) {
	defer c.meter(ctx, func() string { return "waiting for " + c.url })()
	if answer, err = c.do(ctx, r); err != nil {
		return value, nil, err
	}
	value, err = decode[T](answer)
	return value, answer, err
}
