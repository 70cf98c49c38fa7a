package awsenv

import (
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"regexp"
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

var (
	anyText           = form{"text", func(string) bool { return true }}
	plain             = pattern(`[^\s,]+`, "one word")
	tableName         = pattern(`[a-zA-Z0-9_.-]{3,255}`, "a table's name")
	queueURL          = form{"a queue's URL", isURL}
	issuerURL         = form{"an issuer's URL", isURL}
	taskDefinition    = pattern(`arn:[^\s,]+:task-definition/[^\s,:]+:[1-9][0-9]*`, "a task definition's ARN with its revision")
	subnet            = pattern(`subnet-[a-z0-9]+`, "ids of subnets with commas between them")
	securityGroup     = pattern(`sg-[a-z0-9]+`, "ids of security groups with commas between them")
	enabledOrDisabled = pattern(`ENABLED|DISABLED`, "ENABLED or DISABLED")
	logLevel          = pattern(`debug|info|warn|error`, "debug, info, warn or error")
	carrierAddress    = pattern(`[a-z][a-z0-9+.-]*:\S+`, "a carrier's address, as simulated:/tmp/carrier")
	regionName        = pattern(`[a-z0-9-]+`, "a region")
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
