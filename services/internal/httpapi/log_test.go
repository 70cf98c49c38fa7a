package httpapi_test

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// logbook is the log of a test, which at its end must hold no phone number and
// no token that was sent or answered in it.
type logbook struct {
	mu      sync.Mutex
	text    bytes.Buffer
	tokens  map[string]bool
	numbers map[string]bool // digits only
}

func newLogbook(t testing.TB) *logbook {
	l := &logbook{tokens: map[string]bool{}, numbers: map[string]bool{}}
	t.Cleanup(func() {
		for _, leak := range l.leaks() {
			t.Errorf("the log holds %s", leak)
		}
	})
	return l
}

func (l *logbook) logger() *slog.Logger {
	return slog.New(slog.NewJSONHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// Write takes a line of the log.
func (l *logbook) Write(line []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(line)
}

// String is the log so far.
func (l *logbook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func (l *logbook) secretTokens(headers []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, header := range headers {
		for _, token := range strings.FieldsFunc(header, func(c rune) bool { return c == ' ' || c == ',' }) {
			for _, part := range append(strings.Split(token, "."), token) {
				if len(part) >= 20 { // more than a word
					l.tokens[part] = true
				}
			}
		}
	}
}

// maxSearched is how much of a body is searched for numbers: lists of a hundred
// thousand rows have the same ones everywhere.
const maxSearched = 1 << 16

func (l *logbook) secretNumbers(text []byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, number := range numbersIn(text[:min(len(text), maxSearched)]) {
		l.numbers[number] = true
	}
}

// ids may have digits enough for a number.
var ids = regexp.MustCompile(`(call|batch|redrive|req)_[0-9A-Z]{26}(-[0-9]{6})?`)

var written = regexp.MustCompile(`[0-9][0-9 ()./-]{5,}[0-9]`)

// numbersIn gives the digits of all that may be a phone number, however it is written.
func numbersIn(text []byte) []string {
	var found []string
	for _, match := range written.FindAll(ids.ReplaceAll(text, nil), -1) {
		digits := strings.Map(func(c rune) rune {
			if c < '0' || c > '9' {
				return -1
			}
			return c
		}, string(match))
		if len(digits) >= 7 && len(digits) <= 15 {
			found = append(found, digits)
		}
	}
	return found
}

func (l *logbook) leaks() []string {
	text := l.String()
	l.mu.Lock()
	defer l.mu.Unlock()
	var leaks []string
	for token := range l.tokens {
		if strings.Contains(text, token) {
			leaks = append(leaks, "a token: "+token)
		}
	}
	for _, number := range numbersIn([]byte(text)) {
		if l.numbers[number] {
			leaks = append(leaks, "a phone number: "+number)
		}
	}
	return leaks
}

func TestTheLogbookFindsWhatMustNotBeLogged(t *testing.T) {
	t.Parallel()
	l := &logbook{tokens: map[string]bool{}, numbers: map[string]bool{}}
	l.secretTokens([]string{"Bearer aaaaaaaaaaaaaaaaaaaaaaaa.bbbbbbbbbbbbbbbbbbbbbbbb.cccccccccccccccccccccccc"})
	l.secretNumbers([]byte(`{"phone_number":"+44 20 7946-0958"}`))
	log := l.logger()
	log.Info("harmless", "path", "/v1/calls/call_01KJPQ7Z5W8XN2T4V6R9C3M1GH", "took", 442079460957)
	if leaks := l.leaks(); len(leaks) > 0 {
		t.Errorf("it finds %v in\n%s", leaks, l)
	}
	log.Info("claims", "part", "bbbbbbbbbbbbbbbbbbbbbbbb")
	log.Info("call", "number", "+442079460958")
	if leaks := l.leaks(); len(leaks) != 2 {
		t.Errorf("it finds %v in\n%s", leaks, l)
	}
}
