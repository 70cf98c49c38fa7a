package world

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"

	"github.com/outdial/outdial/e2e/internal/localstack"
)

// programs are the binaries under test, by name, built once for this machine.
var programs = sync.OnceValues(func() (map[string]string, error) {
	root, err := localstack.Root()
	if err != nil {
		return nil, err
	}
	built := map[string]string{}
	for _, name := range []string{"api", "worker", "tracker", "agent"} {
		// A folder for each, as Lambda has them.
		path := filepath.Join(root, "bin", "e2e", name, "bootstrap")
		cmd := exec.Command("go", "build", "-buildvcs=false", "-trimpath", "-tags", "lambda.norpc", "-o", path, "./"+name) //nolint:gosec // our own programs, for all tests
		cmd.Dir = filepath.Join(root, "services")
		cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("building %s: %w\n%s", name, err, &out)
		}
		built[name] = path
	}
	return built, nil
})
