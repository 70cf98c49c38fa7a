// Command bench measures how fast Outdial is: each row of its table is a ratio
// to a peer or a bound that is measured in the same run, on the same machine. It
// exits with 0 whatever the ratios are, with 1 when a row could not be measured,
// and with 2 when it was asked for something that it doesn't do.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"slices"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second Ctrl-C is somebody who doesn't want to wait
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is the program. It gives its exit code.
func run(ctx context.Context, args []string, out, log io.Writer) int {
	var o options
	var chosen, readme string
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(log)
	flags.StringVar(&chosen, "rows", "", "measure only the rows whose name matches this `regexp`")
	flags.BoolVar(&o.million, "million", false, "let 1,000,000 calls wait where 100,000 do, which takes minutes more")
	flags.BoolVar(&o.quick, "quick", false, "small sizes, once: shows that it works, and nothing about speed")
	flags.StringVar(&o.dir, "dir", ".", "the `folder` for data files, on the disk to be measured")
	flags.StringVar(&readme, "readme", "", "write the table into this `file`, between "+markBegin+" and "+markEnd)
	switch err := flags.Parse(args); {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	pattern, err := regexp.Compile(chosen)
	if err != nil {
		fmt.Fprintf(log, "bench: -rows: %v\n", err)
		return 2
	}
	picked := slices.DeleteFunc(rows(), func(r row) bool { return !pattern.MatchString(r.name) })
	if flags.NArg() > 0 || len(picked) == 0 {
		fmt.Fprintln(log, "bench: no row has a name like this; there is nothing but flags, and these rows:")
		for _, r := range rows() {
			fmt.Fprintf(log, "  %s\n", r.name)
		}
		return 2
	}
	lines, err := measureAll(ctx, picked, o, log)
	if err == nil {
		err = publish(out, readme, table(machine(ctx, time.Now()), lines))
	}
	if err != nil {
		fmt.Fprintf(log, "bench: %v\n", err)
		return 1
	}
	return 0
}

// measureAll measures one row after the other, and shows how it gets on.
func measureAll(ctx context.Context, rows []row, o options, log io.Writer) ([]line, error) {
	var lines []line
	for i, r := range rows {
		fmt.Fprintf(log, "%d/%d %s ", i+1, len(rows), r.name)
		began := time.Now()
		got, err := measureIn(ctx, r, o, func() { fmt.Fprint(log, ".") })
		if err != nil {
			fmt.Fprintln(log)
			return nil, fmt.Errorf("%s: %w", r.name, err)
		}
		l := line{r, got}
		fmt.Fprintf(log, " %s (%s, %s)\n", l.measured(), r.aim, time.Since(began).Round(time.Second))
		lines = append(lines, l)
	}
	return lines, nil
}

// measureIn measures a row with a folder of its own, which goes afterwards.
func measureIn(ctx context.Context, r row, o options, tick func()) (_ result, err error) {
	if o.dir, err = os.MkdirTemp(o.dir, ".bench-"); err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(o.dir)) }()
	o.tick = tick
	return measure(ctx, r, o)
}
