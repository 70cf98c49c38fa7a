package cli

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

// choices is a flag that takes one or several of some words.
type choices struct {
	chosen  []string
	allowed []string
	several bool
}

// String gives what is chosen (pflag.Value).
func (c *choices) String() string { return strings.Join(c.chosen, ",") }

// Type is how the help calls the value (pflag.Value).
func (c *choices) Type() string {
	if c.several {
		return "list"
	}
	return "word"
}

// Set takes a word, or several with commas between (pflag.Value).
func (c *choices) Set(value string) error {
	words := []string{value}
	if c.several {
		words = strings.Split(value, ",")
	}
	for _, word := range words {
		if !slices.Contains(c.allowed, word) {
			return fmt.Errorf("it must be %s", orList(c.allowed))
		}
	}
	if !c.several {
		c.chosen = words
		return nil
	}
	for _, word := range words {
		if !slices.Contains(c.chosen, word) {
			c.chosen = append(c.chosen, word)
		}
	}
	return nil
}

// one is the word of a flag that takes one; empty if it isn't given.
func (c *choices) one() string {
	if len(c.chosen) == 0 {
		return ""
	}
	return c.chosen[0]
}

func (c *choices) add(cmd *cobra.Command, name, usage string) {
	cmd.Flags().Var(c, name, usage+": "+orList(c.allowed))
	must(cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(c.allowed, cobra.ShellCompDirectiveNoFileComp)))
}

func orList(words []string) string {
	if len(words) < 2 {
		return strings.Join(words, "")
	}
	return strings.Join(words[:len(words)-1], ", ") + " or " + words[len(words)-1]
}

// must is for what only a mistake in this package can bring about.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// secondsFlag is a number of seconds, or a time such as 3m.
type secondsFlag int

// String gives the number (pflag.Value).
func (s *secondsFlag) String() string { return strconv.Itoa(int(*s)) }

// Type is how the help calls the value (pflag.Value).
func (s *secondsFlag) Type() string { return "seconds" }

// Set takes "180" or "3m" (pflag.Value).
func (s *secondsFlag) Set(value string) error {
	if n, err := strconv.Atoi(value); err == nil {
		*s = secondsFlag(n)
		return nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d%time.Second != 0 {
		return fmt.Errorf("it must be whole seconds, such as 180 or 3m")
	}
	*s = secondsFlag(d / time.Second)
	return nil
}

// timeFlag is a point in time, or a day, which begins at midnight here.
type timeFlag struct {
	time.Time
	location *time.Location
}

// String gives the time (pflag.Value).
func (t *timeFlag) String() string {
	if t.IsZero() {
		return ""
	}
	return t.Format(time.RFC3339)
}

// Type is how the help calls the value (pflag.Value).
func (t *timeFlag) Type() string { return "time" }

// Set takes "2026-03-02T09:00:00Z" or "2026-03-02" (pflag.Value).
func (t *timeFlag) Set(value string) error {
	if parsed, err := time.Parse(time.RFC3339, value); err == nil {
		t.Time = parsed.UTC()
		return nil
	}
	parsed, err := time.ParseInLocation(time.DateOnly, value, t.location)
	if err != nil {
		return fmt.Errorf("it must be a time such as 2026-03-02T09:00:00Z, or a day such as 2026-03-02")
	}
	t.Time = parsed.UTC()
	return nil
}

// metadata reads key=value words.
func metadata(words []string) (map[string]string, error) {
	var all map[string]string
	for _, word := range words {
		key, value, ok := strings.Cut(word, "=")
		if !ok || key == "" {
			return nil, usageError("--meta: %q is not key=value", word)
		}
		if _, twice := all[key]; twice {
			return nil, usageError("--meta: the key %q stands twice", key)
		}
		if all == nil {
			all = map[string]string{}
		}
		all[key] = value
	}
	return all, nil
}

// The words that the contract allows.
var (
	callStatuses = words(
		api.CallStatusQueued, api.CallStatusLaunching, api.CallStatusStarting, api.CallStatusRinging, api.CallStatusInProgress,
		api.CallStatusCompleted, api.CallStatusBusy, api.CallStatusNoAnswer, api.CallStatusFailed, api.CallStatusCanceled, api.CallStatusExpired,
	)
	failureCauses = words(api.FailureCauseLaunchRefused, api.FailureCauseLaunchTriesUsed)
)

func words[T ~string](values ...T) []string {
	all := make([]string, len(values))
	for i, v := range values {
		all[i] = string(v)
	}
	return all
}
