package world

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
)

// logs keeps what all programs print.
type logs struct {
	mu    sync.Mutex
	lines []string
	live  io.Writer // as it comes, when E2E_LOG is set
}

func newLogs() *logs {
	l := &logs{live: io.Discard}
	if os.Getenv("E2E_LOG") != "" {
		l.live = os.Stderr
	}
	return l
}

// of is where one of them prints to.
func (l *logs) of(name string) *printer { return &printer{logs: l, name: name} }

func (l *logs) all() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.lines)
}

type printer struct {
	logs *logs
	name string
}

func (p *printer) Write(data []byte) (int, error) {
	p.logs.mu.Lock()
	defer p.logs.mu.Unlock()
	for line := range bytes.Lines(data) {
		text := p.name + ": " + string(bytes.TrimRight(line, "\n"))
		p.logs.lines = append(p.logs.lines, text)
		_, _ = fmt.Fprintln(p.logs.live, text)
	}
	return len(data), nil
}

func (p *printer) printf(format string, args ...any) { _, _ = fmt.Fprintf(p, format, args...) }
