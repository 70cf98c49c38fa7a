package serve_test

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"github.com/outdial/outdial/services/internal/serve"
)

// TestMain lets the test binary be the agent and the server, as outdial is: the
// servers of these tests start it with the argument "agent", and tests that kill
// a server start it with "serve" and the data folder.
func TestMain(m *testing.M) {
	if len(os.Args) == 2 && os.Args[1] == "agent" {
		if err := serve.RunAgent(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "serve" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		c := config(os.Args[2])
		c.Out, c.Err = os.Stdout, os.Stderr
		if err := serve.Run(ctx, c); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}
