package awsenv

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"sync"
)

// form is what a value must look like, and how that is told.
type form struct {
	words   string
	matches func(string) bool
}

// pattern is a form by regular expression, compiled when it is first needed: each
// program has all forms, and needs a few.
func pattern(expression, words string) form {
	compiled := sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`^(?:` + expression + `)$`) })
	return form{words, func(s string) bool { return compiled().MatchString(s) }}
}

// oneOf is a form that only these values have.
func oneOf(words string, values ...string) form {
	return form{words, func(s string) bool { return slices.Contains(values, s) }}
}

// made is a form of so many of these characters. (A regular expression that counts
// so far takes longer to compile than all else that is read here.)
func made(of string, least, most int, words string) form {
	return form{words, func(s string) bool { return len(s) >= least && len(s) <= most && strings.Trim(s, of) == "" }}
}

const (
	digits  = "0123456789"
	small   = "abcdefghijklmnopqrstuvwxyz"
	capital = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
)

var (
	anyText           = form{"text", func(string) bool { return true }}
	plain             = pattern(`[^\s,]+`, "one word")
	tableName         = made(small+capital+digits+"_.-", 3, 255, "a table's name")
	queueURL          = form{"a queue's URL", isURL}
	issuerURL         = form{"an issuer's URL", isURL}
	taskDefinition    = pattern(`arn:[^\s,]+:task-definition/[^\s,:]+:[1-9][0-9]*`, "a task definition's ARN with its revision")
	subnet            = pattern(`subnet-[a-z0-9]+`, "ids of subnets with commas between them")
	securityGroup     = pattern(`sg-[a-z0-9]+`, "ids of security groups with commas between them")
	enabledOrDisabled = oneOf("ENABLED or DISABLED", "ENABLED", "DISABLED")
	logLevel          = oneOf("debug, info, warn or error", "debug", "info", "warn", "error")
	carrierAddress    = pattern(`[a-z][a-z0-9+.-]*:\S+`, "a carrier's address, as simulated:/tmp/carrier")
	regionName        = made(small+digits+"-", 1, 100, "a region")
)

func isURL(s string) bool {
	u, err := url.Parse(s)
	return err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != ""
}

// reader reads variables and gathers what is wrong with them.
type reader struct {
	lookup Lookup
	wrong  []error
}

func (r *reader) err() error { return errors.Join(r.wrong...) }

func (r *reader) bad(format string, args ...any) {
	r.wrong = append(r.wrong, fmt.Errorf(format, args...))
}

// text is a value that must be there.
func (r *reader) text(name string, f form) string {
	s, ok := r.lookup(name)
	if !ok || s == "" {
		r.bad("%s is not set; it must be %s", name, f.words)
		return ""
	}
	r.check(name, s, s, f)
	return s
}

// optional is a value that may be left out or empty.
func (r *reader) optional(name string, f form) string {
	s, _ := r.lookup(name)
	if s != "" {
		r.check(name, s, s, f)
	}
	return s
}

func (r *reader) list(name string, f form) []string {
	s, ok := r.lookup(name)
	if !ok || s == "" {
		r.bad("%s is not set; it must be %s", name, f.words)
		return nil
	}
	return r.parts(name, s, f)
}

func (r *reader) optionalList(name string, f form) []string {
	s, _ := r.lookup(name)
	if s == "" {
		return nil
	}
	return r.parts(name, s, f)
}

func (r *reader) parts(name, s string, f form) []string {
	parts := strings.Split(s, ",")
	for _, part := range parts {
		if !r.check(name, s, part, f) {
			break
		}
	}
	return parts
}

func (r *reader) check(name, whole, part string, f form) bool {
	if !f.matches(part) {
		r.bad("%s is %q; it must be %s", name, whole, f.words)
		return false
	}
	return true
}

func (r *reader) base() Base {
	r.text(region, regionName)
	c := Base{Table: r.text(Table, tableName)}
	level := r.text(LogLevel, logLevel)
	if err := c.Level.UnmarshalText([]byte(level)); err != nil {
		c.Level = slog.LevelInfo // what is wrong is told
	}
	return c
}
