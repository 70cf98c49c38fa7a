// Command prove runs histories of the simulation on all cores, and ends with one
// line of totals. It exits with 0 when every promise held, with 1 when one was
// broken, and with 2 when it was asked for something that it doesn't do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

	"github.com/outdial/outdial/services/internal/simulation"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C is somebody who doesn't want to wait
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr, term.IsTerminal(int(os.Stderr.Fd()))))
}

// run is the program. It gives its exit code.
func run(ctx context.Context, args []string, out, log io.Writer, terminal bool) int {
	var n int
	var first, replay uint64
	var shrink, coverage bool
	flags := flag.NewFlagSet("prove", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.IntVar(&n, "n", 20_000, "how `many` histories are run")
	flags.Uint64Var(&first, "seed", 1, "the `seed` of the first; the others' follow")
	flags.Uint64Var(&replay, "replay", 0, "run the history of this `seed` only, and show its trace")
	flags.BoolVar(&shrink, "shrink", true, "show the shortest history found that breaks the same promise, not the one of the seed")
	flags.BoolVar(&coverage, "coverage", false, "show how often which port and which move met which fault")
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	case flags.NArg() > 0 || n < 1:
		fmt.Fprintln(log, "prove: -n is 1 or more, and there is nothing but flags")
		return 2
	}
	replaying := false
	flags.Visit(func(f *flag.Flag) { replaying = replaying || f.Name == "replay" })
	if replaying {
		n, first = 1, replay
	}
	began, p := time.Now(), newProgress(log, terminal)
	r := simulation.Prove(ctx, simulation.Proof{First: first, Histories: n, Progress: func(done int) {
		p.show(float64(done)/float64(n), fmt.Sprintf("%d of %d histories, %s", done, n, rate(done, time.Since(began))))
	}})
	p.end()
	took := time.Since(began)
	switch {
	case r.Failures > 0:
		failure(ctx, out, newProgress(log, terminal), r, shrink)
	case replaying && r.Histories > 0:
		fmt.Fprintf(out, "%s\n\n", strings.Join(simulation.Run(simulation.Options{Seed: replay, Trace: true}).Trace, "\n"))
	}
	if coverage {
		fmt.Fprintf(out, "%s\n", r.Coverage)
	}
	fmt.Fprintln(out, totals(r, first, took))
	if r.Failures > 0 {
		return 1
	}
	return 0
}
