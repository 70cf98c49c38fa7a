package cli

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/charmbracelet/lipgloss"
)

// screen is standard error: notes that stay, and on a terminal below them some
// lines that are drawn anew again and again.
type screen struct {
	*printer
	mu    sync.Mutex
	drawn int // lines that are drawn anew
}

// note writes a line that stays.
func (s *screen) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
	s.line(format, args...)
}

// draw puts these lines in place of those drawn before. In a pipe it does nothing.
func (s *screen) draw(lines ...[]cell) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.Terminal {
		return
	}
	var b strings.Builder
	for _, line := range lines {
		b.WriteString(s.fit(line) + "\n")
	}
	s.erase()
	s.write(b.String())
	s.drawn = len(lines)
}

// fit makes one line of the cells, no longer than the terminal is wide: a line
// that wraps could not be drawn over.
func (s *screen) fit(line []cell) string {
	room := s.columns() - 1
	if room < 0 {
		room = 79
	}
	var b strings.Builder
	for _, c := range line {
		shown := cut(c.text, room)
		if room <= 0 {
			break
		}
		b.WriteString(s.paint(c.tone, shown))
		room -= lipgloss.Width(shown)
	}
	return b.String()
}

// clear takes away what draw has drawn.
func (s *screen) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.erase()
}

// erase moves the cursor to the beginning of the drawn lines and clears the
// screen from there on (ECMA-48: CPL, ED).
func (s *screen) erase() {
	if s.drawn > 0 {
		s.write(fmt.Sprintf("\x1b[%dF\x1b[J", s.drawn))
		s.drawn = 0
	}
}

const (
	patience     = 2 * time.Second // what takes longer says what it does
	drawInterval = 250 * time.Millisecond
	lineInterval = 10 * time.Second // between lines in a pipe
)

// meter tells what is going on while it goes on, if that takes long. The
// function that it gives ends it.
func (a *app) meter(ctx context.Context, doing func() string) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	ticks, stopTicks := a.Tick(drawInterval)
	next := a.Now().Add(patience)
	var loop sync.WaitGroup
	loop.Go(func() {
		for {
			select {
			case <-ctx.Done():
				return
			case <-ticks:
			}
			now := a.Now()
			switch {
			case now.Before(next):
			case a.screen.Terminal:
				a.screen.draw([]cell{toned(toneDim, doing())})
			default:
				next = now.Add(lineInterval)
				a.screen.note("%s", plain(doing()))
			}
		}
	})
	return func() {
		cancel()
		loop.Wait()
		stopTicks()
		a.screen.clear()
	}
}
