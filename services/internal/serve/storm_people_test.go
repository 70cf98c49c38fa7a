package serve_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// people use the server of a storm. Whoever gets no answer asks again, with the
// same idempotency key, until there is one. So in the end the store must hold
// exactly what they were told.
type people struct {
	storm *storm
	stop  chan struct{}
	all   sync.WaitGroup

	mu      sync.Mutex
	keys    int
	calls   []string       // ids of the single calls that were accepted
	lists   []string       // ids of the batches that were accepted
	rows    map[string]int // of each
	answers map[int]int    // by status; 0: there was none
}

func newPeople(s *storm) *people {
	return &people{storm: s, stop: make(chan struct{}), rows: map[string]int{}, answers: map[int]int{}}
}

func (p *people) String() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return fmt.Sprintf("%d calls and %d lists (%d rows) accepted; answers by status %v", len(p.calls), len(p.lists), p.listed(), p.answers)
}

func (p *people) listed() (rows int) {
	for _, n := range p.rows {
		rows += n
	}
	return rows
}

// begin lets three people do something again and again, until end.
func (p *people) begin(seed uint64) {
	for i := range uint64(3) {
		draw := rand.New(rand.NewPCG(seed, i+1))
		p.all.Go(func() {
			for {
				select {
				case <-p.stop:
					return
				case <-time.After(time.Duration(20+draw.IntN(400)) * time.Millisecond):
					p.something(draw)
				}
			}
		})
	}
}

func (p *people) end() {
	close(p.stop)
	p.all.Wait()
}

// something is one thing that a person does.
func (p *people) something(draw *rand.Rand) {
	yes, no := true, false
	switch n := draw.IntN(20); {
	case n < 7:
		p.submit(number(draw))
	case n < 10:
		p.submitList(4+draw.IntN(12), draw)
	case n < 13:
		p.mu.Lock()
		id := chosen(p.calls, draw)
		p.mu.Unlock()
		p.aboutCall(id)
	case n < 14:
		p.aboutList(p.chosenList(draw), canceled)
	case n < 16:
		p.aboutList(p.chosenList(draw), paused)
	case n < 17:
		p.aboutList(p.chosenList(draw), resumed)
	case n < 18:
		limit := 1 + draw.IntN(25)
		p.setCapacity(api.SetCapacityRequest{Limit: &limit})
	case n < 19:
		rate := 5 + 200*draw.Float64()
		p.setCapacity(api.SetCapacityRequest{Rate: &rate})
	default:
		p.setCapacity(api.SetCapacityRequest{Stopped: &yes})
		p.submit(simcarrier.NumberBusy)
		p.setCapacity(api.SetCapacityRequest{Stopped: &no})
	}
}

// numbers go every way that a call may go, but the one that takes minutes. The
// last take seconds.
var numbers = []string{
	simcarrier.NumberAnswered, simcarrier.NumberBusy, simcarrier.NumberNoAnswer, simcarrier.NumberFailure, simcarrier.NumberRefused,
	simcarrier.NumberLostAnswer, "+14155552001", "+14155552002", "+14155552003", simcarrier.NumberLongTalk, simcarrier.NumberDeadLine,
}

// number is one of numbers.
func number(draw *rand.Rand) string {
	n := len(numbers)
	if testing.Short() {
		n -= 2
	}
	return numbers[draw.IntN(n)]
}

// talk is how many seconds a call may take, before they are sped up.
const talk = 200

func chosen(ids []string, draw *rand.Rand) string {
	if len(ids) == 0 {
		return ""
	}
	return ids[draw.IntN(len(ids))]
}

func (p *people) chosenList(draw *rand.Rand) string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return chosen(p.lists, draw)
}

func (p *people) key() *string {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.keys++
	key := fmt.Sprintf("storm-%d", p.keys)
	return &key
}

// reply is an answer of the server; status 0: there was none.
type reply struct {
	status int
	header http.Header
	body   []byte
}

// insist asks until there is an answer below 500, and gives its status. An answer
// from 500 on must be a problem of the contract, and be one that may be repeated.
func (p *people) insist(what string, ask func(context.Context, *api.ClientWithResponses) (reply, error)) int {
	for deadline := time.Now().Add(90 * time.Second); ; {
		ctx, cancel := context.WithTimeout(p.storm.t.Context(), 20*time.Second)
		got, err := ask(ctx, p.storm.server())
		cancel()
		status := got.status
		p.mu.Lock()
		p.answers[status]++
		p.mu.Unlock()
		switch {
		case status >= 500 && status != http.StatusServiceUnavailable && status != http.StatusInternalServerError,
			status >= 500 && got.header.Get("Content-Type") != "application/problem+json",
			status == http.StatusServiceUnavailable && got.header.Get("Retry-After") == "":
			p.storm.t.Errorf("%s: answered with %d %v %s, which the contract doesn't know", what, status, got.header, got.body)
		case status != 0 && status < 500:
			return status
		}
		if p.storm.t.Context().Err() != nil || time.Now().After(deadline) {
			p.storm.t.Errorf("%s: no answer; the last: %d %s %v", what, status, got.body, err)
			return 0
		}
		<-time.After(20 * time.Millisecond)
	}
}

// submit submits a single call, and gives its id once it is accepted.
func (p *people) submit(number string) (id string) {
	limit := talk
	params := &api.SubmitCallParams{IdempotencyKey: p.key()}
	body := api.SubmitCallRequest{PhoneNumber: number, Agent: &api.AgentSettings{TimeLimit: &limit}}
	status := p.insist("submit a call", func(ctx context.Context, c *api.ClientWithResponses) (reply, error) {
		answer, err := c.SubmitCallWithResponse(ctx, params, body)
		if err != nil {
			return reply{}, err
		}
		if answer.JSON202 != nil {
			id = answer.JSON202.ID
		}
		return reply{answer.StatusCode(), answer.HTTPResponse.Header, answer.Body}, nil
	})
	if id == "" {
		p.storm.t.Errorf("submit a call: answered with %d, not with 202 and the call", status)
		return ""
	}
	p.mu.Lock()
	p.calls = append(p.calls, id)
	p.mu.Unlock()
	return id
}

// submitList submits a list of so many good rows, and gives its id once it is accepted.
func (p *people) submitList(rows int, draw *rand.Rand) (id string) {
	var csv bytes.Buffer
	csv.WriteString("phone_number,name\n")
	for i := range rows {
		fmt.Fprintf(&csv, "%s,Person %d\n", number(draw), i)
	}
	csv.WriteString("12,Nobody\n") // refused
	yes, limit := true, talk
	params := &api.SubmitBatchParams{IdempotencyKey: p.key(), AllowDuplicates: &yes, TimeLimit: &limit}
	status := p.insist("submit a list", func(ctx context.Context, c *api.ClientWithResponses) (reply, error) {
		answer, err := c.SubmitBatchWithBodyWithResponse(ctx, params, "text/csv", bytes.NewReader(csv.Bytes()))
		if err != nil {
			return reply{}, err
		}
		if answer.JSON202 != nil {
			id = answer.JSON202.ID
		}
		return reply{answer.StatusCode(), answer.HTTPResponse.Header, answer.Body}, nil
	})
	if id == "" {
		p.storm.t.Errorf("submit a list: answered with %d, not with 202 and the batch", status)
		return ""
	}
	p.mu.Lock()
	p.lists = append(p.lists, id)
	p.rows[id] = rows
	p.mu.Unlock()
	return id
}

// large submits a list that is expanded in several slices. It is paused, since
// nobody can wait for so many processes, and is canceled in the end.
func (p *people) large(draw *rand.Rand) (id string) {
	id = p.submitList(3_000, draw)
	p.aboutList(id, paused)
	return id
}

func (p *people) aboutCall(id string) {
	if id == "" {
		return
	}
	p.insist("cancel a call", func(ctx context.Context, c *api.ClientWithResponses) (reply, error) {
		answer, err := c.CancelCallWithResponse(ctx, id, nil)
		if err != nil {
			return reply{}, err
		}
		return reply{answer.StatusCode(), answer.HTTPResponse.Header, answer.Body}, nil
	})
}

// What may be asked of a list.
type wish func(context.Context, *api.ClientWithResponses, string) (reply, error)

func canceled(ctx context.Context, c *api.ClientWithResponses, id string) (reply, error) {
	answer, err := c.CancelBatchWithResponse(ctx, id, nil)
	if err != nil {
		return reply{}, err
	}
	return reply{answer.StatusCode(), answer.HTTPResponse.Header, answer.Body}, nil
}

func paused(ctx context.Context, c *api.ClientWithResponses, id string) (reply, error) {
	answer, err := c.PauseBatchWithResponse(ctx, id, nil)
	if err != nil {
		return reply{}, err
	}
	return reply{answer.StatusCode(), answer.HTTPResponse.Header, answer.Body}, nil
}

func resumed(ctx context.Context, c *api.ClientWithResponses, id string) (reply, error) {
	answer, err := c.ResumeBatchWithResponse(ctx, id, nil)
	if err != nil {
		return reply{}, err
	}
	return reply{answer.StatusCode(), answer.HTTPResponse.Header, answer.Body}, nil
}

func (p *people) aboutList(id string, w wish) {
	if id == "" {
		return
	}
	p.insist("change a list", func(ctx context.Context, c *api.ClientWithResponses) (reply, error) {
		return w(ctx, c, id)
	})
}

func (p *people) setCapacity(r api.SetCapacityRequest) {
	p.insist("set the capacity", func(ctx context.Context, c *api.ClientWithResponses) (reply, error) {
		answer, err := c.SetCapacityWithResponse(ctx, r)
		if err != nil {
			return reply{}, err
		}
		return reply{answer.StatusCode(), answer.HTTPResponse.Header, answer.Body}, nil
	})
}
