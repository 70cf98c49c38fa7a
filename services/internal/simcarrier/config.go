package simcarrier

import (
	"errors"
	"fmt"
	"net/url"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Scheme is what the address of a simulated carrier begins with.
const Scheme = "simulated"

// Config says where a simulated carrier keeps its log and how calls go. As text:
//
//	simulated:/absolute/folder?speed=10&seed=7&answer=0.7&busy=0.1&fail=0.02&talk=45s&talk_min=5s&talk_max=5m
//
// What isn't said is as in Default.
type Config struct {
	Dir   string  // absolute, because agents run elsewhere
	Speed float64 // divides every duration, limits included; 1 to 10,000
	Seed  uint64

	// Shares of calls, 0 to 1, at most 1 together. The others are not answered.
	Answer float64
	Busy   float64
	Fail   float64 // the carrier can't connect them

	// Lengths of talk before the speed: their mean before they are cut, and bounds.
	Talk    time.Duration
	TalkMin time.Duration
	TalkMax time.Duration
}

// Default is a carrier in real time where most calls are answered.
func Default(dir string) Config {
	return Config{
		Dir: dir, Speed: 1, Seed: 1, Answer: 0.7, Busy: 0.1, Fail: 0.02,
		Talk: 45 * time.Second, TalkMin: 5 * time.Second, TalkMax: 5 * time.Minute,
	}
}

const maxSpeed = 10_000

// Parse reads a Config from its text. The error names everything that is wrong.
func Parse(s string) (Config, error) {
	u, err := url.Parse(s)
	if err != nil {
		return Config{}, fmt.Errorf("simulated carrier: %w", err)
	}
	if u.Scheme != Scheme || u.Host != "" || u.Opaque != "" || u.Fragment != "" {
		return Config{}, fmt.Errorf("simulated carrier: %q must look like %s:/absolute/folder?speed=10", s, Scheme)
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return Config{}, fmt.Errorf("simulated carrier: %w", err)
	}
	c := Default(u.Path)
	var errs []error
	for name, given := range values {
		if err := c.set(name, given); err != nil {
			errs = append(errs, err)
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	if err := errors.Join(append(errs, c.Validate())...); err != nil {
		return Config{}, fmt.Errorf("simulated carrier: %w", err)
	}
	return c, nil
}

func (c *Config) set(name string, given []string) error {
	if len(given) != 1 {
		return fmt.Errorf("%s is given %d times", name, len(given))
	}
	var err error
	switch name {
	case "speed":
		c.Speed, err = strconv.ParseFloat(given[0], 64)
	case "seed":
		c.Seed, err = strconv.ParseUint(given[0], 10, 64)
	case "answer":
		c.Answer, err = strconv.ParseFloat(given[0], 64)
	case "busy":
		c.Busy, err = strconv.ParseFloat(given[0], 64)
	case "fail":
		c.Fail, err = strconv.ParseFloat(given[0], 64)
	case "talk":
		c.Talk, err = time.ParseDuration(given[0])
	case "talk_min":
		c.TalkMin, err = time.ParseDuration(given[0])
	case "talk_max":
		c.TalkMax, err = time.ParseDuration(given[0])
	default:
		return fmt.Errorf("%s is not known; there are speed, seed, answer, busy, fail, talk, talk_min and talk_max", name)
	}
	if err != nil {
		return fmt.Errorf("%s is %q, which is not such a value: %w", name, given[0], err)
	}
	return nil
}

// Validate says everything that is wrong, by the names of the text form.
func (c Config) Validate() error {
	var errs []error
	wrong := func(bad bool, format string, args ...any) {
		if bad {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	wrong(!filepath.IsAbs(c.Dir), "folder is %q; it must be an absolute path", c.Dir)
	wrong(!within(c.Speed, 1, maxSpeed), "speed is %g; it must be 1 to %d", c.Speed, maxSpeed)
	wrong(!within(c.Answer, 0, 1), "answer is %g; it must be 0 to 1", c.Answer)
	wrong(!within(c.Busy, 0, 1), "busy is %g; it must be 0 to 1", c.Busy)
	wrong(!within(c.Fail, 0, 1), "fail is %g; it must be 0 to 1", c.Fail)
	wrong(c.Answer+c.Busy+c.Fail > 1+rounding, "answer, busy and fail are %g together; they must be at most 1", c.Answer+c.Busy+c.Fail)
	wrong(c.TalkMin < 0, "talk_min is %s; it must not be negative", c.TalkMin)
	wrong(c.Talk < c.TalkMin || c.Talk > c.TalkMax, "talk is %s; it must be between talk_min (%s) and talk_max (%s)", c.Talk, c.TalkMin, c.TalkMax)
	return errors.Join(errs...)
}

// rounding forgives shares such as 0.7, 0.2 and 0.1, whose sum as floats is not quite 1.
const rounding = 1e-9

// within is false for what is not a number.
func within(x, least, most float64) bool { return x >= least && x <= most }

// String is the text that Parse reads.
func (c Config) String() string {
	number := func(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }
	query := url.Values{
		"speed": {number(c.Speed)}, "seed": {strconv.FormatUint(c.Seed, 10)},
		"answer": {number(c.Answer)}, "busy": {number(c.Busy)}, "fail": {number(c.Fail)},
		"talk": {c.Talk.String()}, "talk_min": {c.TalkMin.String()}, "talk_max": {c.TalkMax.String()},
	}
	u := url.URL{Scheme: Scheme, Path: c.Dir, RawQuery: query.Encode(), OmitHost: true}
	return u.String()
}
