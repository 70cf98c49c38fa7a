package simulation

import (
	"context"
	"runtime"
	"sync"
	"sync/atomic"
)

// Proof is many histories, whose seeds follow one another.
type Proof struct {
	First     uint64              // the first seed
	Histories int                 // how many
	Ports     func(*Ports)        // as in Options; every core calls it
	Progress  func(histories int) // hears after each history how many are done, on one goroutine at a time; nil: nobody does
}

// Result is what came of a proof.
type Result struct {
	Histories int // that were run
	Steps     int // of all of them
	Coverage  Coverage
	Failures  int     // histories that broke a promise
	Seed      uint64  // the smallest of these
	Failure   History // its history
}

// Prove runs histories on all cores, until one breaks a promise or the context
// ends. Of several failures it gives the one with the smallest seed, so that the
// result doesn't depend on the number of cores.
func Prove(ctx context.Context, p Proof) Result {
	r := run{proof: p, result: Result{Coverage: Coverage{}}}
	var all sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		all.Go(func() {
			for seed, ok := r.take(ctx); ok; seed, ok = r.take(ctx) {
				r.note(seed, Run(Options{Seed: seed, Ports: p.Ports}))
			}
		})
	}
	all.Wait()
	return r.result
}

// run is a proof that is being made.
type run struct {
	proof  Proof
	taken  atomic.Int64
	mu     sync.Mutex
	result Result
}

// take gives the next seed, unless there is none left to be run.
func (r *run) take(ctx context.Context) (seed uint64, ok bool) {
	n := int(r.taken.Add(1)) - 1
	if n >= r.proof.Histories || ctx.Err() != nil {
		return 0, false
	}
	seed = r.proof.First + uint64(n)
	r.mu.Lock()
	defer r.mu.Unlock()
	return seed, r.result.Failures == 0 || seed < r.result.Seed
}

func (r *run) note(seed uint64, h History) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.result.Histories++
	r.result.Steps += h.Steps
	r.result.Coverage.Add(h.Coverage)
	if h.Violation != "" {
		if r.result.Failures == 0 || seed < r.result.Seed {
			r.result.Seed, r.result.Failure = seed, h
		}
		r.result.Failures++
	}
	if r.proof.Progress != nil {
		r.proof.Progress(r.result.Histories)
	}
}
