// Command outdial queues AI phone calls and follows them, and serves Outdial on
// one machine.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/outdial/outdial/services/internal/cli"
	"github.com/outdial/outdial/services/internal/serve"
)

var version = "dev" // set by the build

func main() { os.Exit(run()) }

func run() int {
	// SIGTERM comes more than once to an agent whose call is canceled, and must not
	// kill it while it hangs up. A second Ctrl-C is somebody who doesn't want to wait.
	ctx, stopTerm := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stopTerm()
	ctx, stopInterrupt := signal.NotifyContext(ctx, os.Interrupt)
	defer stopInterrupt()
	context.AfterFunc(ctx, stopInterrupt)

	return cli.Run(ctx, cli.Options{
		Version: version,
		Args:    os.Args[1:],
		In:      os.Stdin,
		Out:     cli.FileStream(os.Stdout),
		Err:     cli.FileStream(os.Stderr),
		Serve:   serve.Run,
		Agent:   serve.RunAgent,
	})
}
