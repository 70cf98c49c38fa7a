package world

import (
	"bytes"
	"context"
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
		if err := buildProgram(root, path, "./"+name); err != nil {
			return nil, err
		}
		built[name] = path
	}
	return built, nil
})

// buildProgram builds a package of services for this machine.
func buildProgram(root, path, pkg string) error {
	cmd := exec.CommandContext(context.Background(), "go", "build", "-buildvcs=false", "-trimpath", "-tags", "lambda.norpc", "-o", path, pkg) //nolint:gosec // our own programs, for all tests
	cmd.Dir = filepath.Join(root, "services")
	cmd.Env = append(os.Environ(), "GOWORK=off", "CGO_ENABLED=0")
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("building %s: %w\n%s", pkg, err, &out)
	}
	return nil
}
