package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/outdial/outdial/contracts/api"
)

// memoryRow measures the resident memory of the real server, after it has taken a
// batch and while it works: calls run, clients ask and list.
func memoryRow() row {
	return row{
		name:    "memory of `serve` with 100,000 calls waiting",
		against: "itself at 1,000",
		aim:     atMost(1.5),
		run:     runMemory,
	}
}

func runMemory(ctx context.Context, o options) (result, error) {
	binary := filepath.Join(o.dir, "outdial")
	if err := build(ctx, binary); err != nil {
		return result{}, err
	}
	few, err := memoryWith(ctx, o, binary, o.size(1_000, 50))
	if err != nil {
		return result{}, err
	}
	many, err := memoryWith(ctx, o, binary, o.size(100_000, 500))
	if err != nil {
		return result{}, err
	}
	note := fmt.Sprintf("%.0f MB against %.0f after %s of calls, polls and lists; %.0f against %.0f right after the batch's answer, %.0f when it had started",
		many.working, few.working, many.worked, many.answered, few.answered, many.started)
	return result{ratio: many.working / few.working, note: note}, nil
}

// sizes are the resident memory of a server, in MB.
type sizes struct {
	started, answered, working float64
	worked                     time.Duration
}

// memoryWith starts a server in a folder of its own, lets so many calls wait there, and works.
func memoryWith(ctx context.Context, o options, binary string, calls int) (s sizes, err error) {
	p, err := startServer(ctx, binary, filepath.Join(o.dir, "memory-"+strconv.Itoa(calls)))
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, p.end(context.WithoutCancel(ctx))) }()
	if s.started, err = p.resident(ctx); err != nil {
		return s, err
	}
	if n, err := p.submitList(ctx, callList(numbers(calls)), false); err != nil || n != calls {
		return s, errors.Join(err, fmt.Errorf("%d of %d rows are accepted", n, calls))
	}
	if s.answered, err = p.resident(ctx); err != nil {
		return s, err
	}
	if err := p.expanded(ctx, calls); err != nil {
		return s, err
	}
	o.tick()
	s.worked = time.Duration(o.size(30, 2)) * time.Second
	s.working, err = p.work(ctx, s.worked)
	return s, err
}

// expanded waits until every row of the newest batch is a call.
func (p *process) expanded(ctx context.Context, calls int) error {
	last := fmt.Sprintf("-%06d", calls)
	return p.until(ctx, "the batch's last row is a call", func(ctx context.Context) (bool, error) {
		var newest api.CallList
		err := p.get(ctx, "/calls?limit=1", &newest)
		return err == nil && len(newest.Calls) == 1 && strings.HasSuffix(newest.Calls[0].ID, last), err
	})
}

// work has clients ask while calls run, and gives the median of the memory in the
// second half of the time.
func (p *process) work(ctx context.Context, length time.Duration) (float64, error) {
	var newest api.CallList
	if err := p.get(ctx, "/calls?limit=1", &newest); err != nil {
		return 0, err
	}
	one := newest.Calls[0]
	paths := []string{"/calls/" + one.ID, "/calls?limit=50", "/batches/" + *one.BatchID, "/capacity"}
	began := time.Now()
	var seen []float64
	all, ctx := errgroup.WithContext(ctx)
	for _, path := range paths {
		all.Go(func() error {
			return every(ctx, 20*time.Millisecond, length, func() error { return p.get(ctx, path, new(json.RawMessage)) })
		})
	}
	all.Go(func() error {
		return every(ctx, 200*time.Millisecond, length, func() error {
			size, err := p.resident(ctx)
			if time.Since(began) > length/2 {
				seen = append(seen, size)
			}
			return err
		})
	})
	err := all.Wait()
	if err == nil && len(seen) == 0 {
		err = errors.New("the memory was never looked at")
	}
	if err != nil {
		return 0, err
	}
	return median(seen), nil
}

// every does something again and again for a time.
func every(ctx context.Context, interval, length time.Duration, do func() error) error {
	end, ticker := time.After(length), time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-end:
			return nil
		case <-ticker.C:
			if err := do(); err != nil {
				return err
			}
		}
	}
}

// end lets the calls that run end, so that no agent is left over, and stops the server.
func (p *process) end(ctx context.Context) error {
	stopped := p.stopAdmission(ctx)
	if err := p.command.Process.Signal(os.Interrupt); err != nil {
		return errors.Join(stopped, err)
	}
	kill := time.AfterFunc(patience, func() { _ = p.command.Process.Kill() }) // Wait tells
	defer kill.Stop()
	if err := p.command.Wait(); err != nil {
		return errors.Join(stopped, fmt.Errorf("outdial serve: %w: %s", err, p.log))
	}
	return stopped
}

func (p *process) stopAdmission(ctx context.Context) error {
	if err := p.send(ctx, http.MethodPut, "/capacity", strings.NewReader(`{"stopped": true}`), nil); err != nil {
		return err
	}
	return p.until(ctx, "no call runs", func(ctx context.Context) (bool, error) {
		var c api.Capacity
		err := p.get(ctx, "/capacity", &c)
		return err == nil && c.InUse == 0, err
	})
}
