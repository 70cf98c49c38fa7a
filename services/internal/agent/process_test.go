package agent_test

import (
	"os"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/agent"
)

// TestASignalAsksTheProcessToStop sends this very process signals that would end
// it if nobody took them.
func TestASignalAsksTheProcessToStop(t *testing.T) {
	for _, signal := range []os.Signal{syscall.SIGTERM, os.Interrupt} {
		stop := agent.StopSignal()
		select {
		case <-stop:
			t.Fatalf("stopped before %v", signal)
		default:
		}
		self, err := os.FindProcess(os.Getpid())
		if err == nil {
			err = self.Signal(signal)
		}
		if err != nil {
			t.Fatal(err)
		}
		select {
		case <-stop:
		case <-time.After(10 * time.Second):
			t.Fatalf("%v doesn't stop it", signal)
		}
	}
}

func TestNoncesAreNeverTheSameTwice(t *testing.T) {
	t.Parallel()
	form := regexp.MustCompile(`^[0-9a-f]{32}$`)
	seen := map[string]bool{}
	for range 1000 {
		n := agent.NewNonce()
		if !form.MatchString(n) || seen[n] {
			t.Fatalf("%q is no nonce, or came before", n)
		}
		seen[n] = true
	}
}
