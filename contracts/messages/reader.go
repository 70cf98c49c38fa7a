package messages

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// Bounds that the schemas give.
const (
	maxAttempt  = 1_000_000
	maxVersion  = 1_000_000
	maxDuration = 86_400 // seconds
)

// form is what a text must look like, with the words that say so.
type form struct {
	words   string
	matches func(string) bool
}

// pattern is a form by regular expression. It is compiled when it is first needed:
// every program has all forms, needs a few, and starts often.
func pattern(expression, words string) form {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
	return form{words, func(s string) bool { return compiled().MatchString(s) }}
}

var (
	anyText          = form{"a text", func(string) bool { return true }}
	sentence         = form{"a text of at most 1,000 characters", func(s string) bool { return utf8.RuneCountInString(s) <= 1000 }}
	callID           = pattern(`^call_[0-9A-Za-z-]{1,64}$`, "call_ and 1 to 64 letters, digits or dashes")
	nonce            = pattern(`^[0-9A-Za-z_-]{1,64}$`, "1 to 64 letters, digits, dashes or underscores")
	task             = pattern(`^[!-~]{1,512}$`, "an ARN of 1 to 512 visible ASCII characters")
	carrierReference = pattern(`^[!-~]{1,200}$`, "1 to 200 visible ASCII characters")
)

// reader takes a JSON object apart, member by member. It isn't left to
// encoding/json alone, because that takes a null for an absent member and
// ignores the case of names, where the schemas do neither.
type reader struct {
	path    string                     // of the object, before the names of its members
	members map[string]json.RawMessage // nil: read already
	errs    *[]error
}

// read begins with a message that names this schema.
func read(data []byte, schema string) (*reader, error) {
	if len(data) > MaxSize {
		return nil, fmt.Errorf("%s: %d bytes; at most %d are allowed", schema, len(data), MaxSize)
	}
	r := &reader{path: schema + ": ", errs: new([]error)}
	if err := json.Unmarshal(data, &r.members); err != nil {
		return nil, fmt.Errorf("%s: not a JSON object: %w", schema, err)
	}
	if got := r.text("schema", anyText); got != schema {
		return nil, fmt.Errorf("%s: schema is %q", schema, got)
	}
	return r, nil
}

func (r *reader) has(name string) bool {
	_, ok := r.members[name]
	return ok
}

// take decodes a member into v, and tells whether it is there and of v's type.
func (r *reader) take(name string, v any) bool {
	raw, ok := r.members[name]
	if !ok {
		return false
	}
	r.members[name] = nil
	return !bytes.Equal(raw, []byte("null")) && json.Unmarshal(raw, v) == nil
}

func (r *reader) wrong(name, format string, args ...any) {
	*r.errs = append(*r.errs, fmt.Errorf("%s%s %s", r.path, name, fmt.Sprintf(format, args...)))
}

// must says what a member should have been.
func (r *reader) must(name, be string) {
	if r.has(name) {
		r.wrong(name, "must be %s", be)
	} else {
		r.wrong(name, "is missing; it must be %s", be)
	}
}

func (r *reader) text(name string, f form) string {
	var s string
	if !r.take(name, &s) || !f.matches(s) {
		r.must(name, f.words)
	}
	return s
}

func (r *reader) oneOf(name string, allowed []string) string {
	var s string
	if !r.take(name, &s) || !slices.Contains(allowed, s) {
		r.must(name, "one of "+strings.Join(allowed, ", "))
	}
	return s
}

func (r *reader) whole(name string, least, most int) int {
	var n int
	if !r.take(name, &n) || n < least || n > most {
		r.must(name, fmt.Sprintf("a whole number from %d to %d", least, most))
	}
	return n
}

func (r *reader) number(name string, least, most float64) float64 {
	var n float64
	if !r.take(name, &n) || n < least || n > most {
		r.must(name, fmt.Sprintf("a number from %g to %g", least, most))
	}
	return n
}

func (r *reader) flag(name string) bool {
	var b bool
	if !r.take(name, &b) {
		r.must(name, "true or false")
	}
	return b
}

// mark reads a member that can only be true; what isn't meant leaves it out.
func (r *reader) mark(name string) bool {
	var b bool
	if !r.take(name, &b) || !b {
		r.must(name, "true")
	}
	return b
}

func (r *reader) time(name string) time.Time {
	var s string
	ok := r.take(name, &s)
	t, err := parseTime(s)
	if !ok || err != nil {
		r.must(name, timeWords)
	}
	return t
}

// object reads a member that is an object of its own. Its errors go with r's;
// if there is no object, that alone is said, and nothing of its members.
func (r *reader) object(name string) *reader {
	in := &reader{path: r.path + name + ".", errs: r.errs}
	if !r.take(name, &in.members) {
		r.must(name, "an object")
		in.errs = new([]error)
	}
	return in
}

// rest refuses the members that nobody asked for.
func (r *reader) rest() {
	for _, name := range slices.Sorted(maps.Keys(r.members)) {
		if r.members[name] != nil {
			r.wrong(name, "is not known here")
		}
	}
}

// end gives all errors together.
func (r *reader) end() error {
	r.rest()
	return errors.Join(*r.errs...)
}

const timeWords = "a time as RFC 3339 has it, such as 2026-03-02T09:15:04.412Z"

var timeForm = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])$`)

// parseTime is strict where time.Parse is not: it wants capital letters, two
// digits for the hour, a point before fractions and an offset that exists.
func parseTime(s string) (time.Time, error) {
	if !timeForm.MatchString(s) {
		return time.Time{}, errors.New("not of the form of RFC 3339")
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	return t.UTC(), err
}
