package lambda_test

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/e2e/internal/lambda"
)

// program is the test's own function, built once.
var program = sync.OnceValues(func() (string, error) {
	dir, err := filepath.Abs("../../../bin/e2e/function")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "bootstrap")
	out, err := exec.Command("go", "build", "-o", path, "./testdata/function").CombinedOutput()
	if err != nil {
		return "", errors.New(string(out))
	}
	return path, nil
})

func function(t *testing.T, change func(*lambda.Config)) *lambda.Function {
	t.Helper()
	path, err := program()
	if err != nil {
		t.Fatal(err)
	}
	c := lambda.Config{
		Name: "test", Program: path, Environment: map[string]string{"OUTDIAL_TABLE": "calls"}, Timeout: 10 * time.Second,
		Concurrency: 2, Credentials: func() string { return "ASIATEST" }, Gone: func(string) {}, Log: io.Discard,
	}
	if change != nil {
		change(&c)
	}
	f := lambda.New(c)
	t.Cleanup(f.Close)
	return f
}

func invoke(t *testing.T, f *lambda.Function, event string) (string, error) {
	t.Helper()
	answer, err := f.Invoke(t.Context(), []byte(event))
	return string(answer), err
}

func TestAFunctionSeesItsEnvironmentAndNothingOfTheMachines(t *testing.T) {
	t.Parallel()
	if got, err := invoke(t, function(t, nil), `{}`); got != `"calls"` || err != nil {
		t.Errorf("%s %v", got, err)
	}
}

func TestAnEnvironmentServesOneInvocationAfterTheOther(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	for _, want := range []string{"1", "2", "3"} {
		if got, err := invoke(t, f, `"count"`); got != want || err != nil {
			t.Errorf("%s %v, want %s", got, err, want)
		}
	}
	if n := f.ColdStarts(); n != 1 {
		t.Errorf("%d cold starts", n)
	}
}

func TestWhatGoesWrongInAFunctionIsItsError(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		event  string
		change func(*lambda.Config)
		kind   string
		words  string
	}{
		"it reports an error": {`"fail"`, nil, "Oops", "it went wrong"},
		"it exits":            {`"exit"`, nil, "Runtime.ExitError", "exit status 3"},
		"it takes too long":   {`"hang"`, func(c *lambda.Config) { c.Timeout = 300 * time.Millisecond }, "Sandbox.Timedout", "timed out after 0.30 seconds"},
		"it can't start": {
			`{}`, func(c *lambda.Config) { c.Environment = map[string]string{"FAIL_INIT": "1"} },
			"BadConfiguration", "OUTDIAL_TABLE is not set",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := function(t, c.change)
			_, err := invoke(t, f, c.event)
			var failed *lambda.FunctionError
			if !errors.As(err, &failed) || failed.Type != c.kind || !strings.Contains(failed.Message, c.words) {
				t.Errorf("%v, want %s: %s", err, c.kind, c.words)
			}
		})
	}
}

func TestAfterADeathTheNextInvocationGetsAnotherProcess(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	if _, err := invoke(t, f, `"count"`); err != nil {
		t.Fatal(err)
	}
	f.Kill("")
	if got, err := invoke(t, f, `"count"`); got != "1" || err != nil || f.ColdStarts() != 2 {
		t.Errorf("%s %v, %d cold starts", got, err, f.ColdStarts())
	}
}

func TestADeployGivesNewInvocationsANewProcess(t *testing.T) {
	t.Parallel()
	f := function(t, func(c *lambda.Config) { c.Environment = map[string]string{"OUTDIAL_TABLE": "first"} })
	for _, want := range []struct {
		table, answer string
		starts        int
	}{{"first", `"first"`, 1}, {"second", `"second"`, 2}, {"second", `"second"`, 2}} {
		f.Configure(map[string]string{"OUTDIAL_TABLE": want.table})
		if got, err := invoke(t, f, `{}`); got != want.answer || err != nil || f.ColdStarts() != want.starts {
			t.Errorf("%s %v, %d cold starts; want %s and %d", got, err, f.ColdStarts(), want.answer, want.starts)
		}
	}
}

func TestAnEventAbove6MBNeverReachesTheFunction(t *testing.T) {
	t.Parallel()
	f := function(t, nil)
	if _, err := f.Invoke(t.Context(), make([]byte, lambda.MaxPayload+1)); !errors.Is(err, lambda.ErrTooLarge) || f.Invocations() != 0 {
		t.Errorf("%v, %d invocations", err, f.Invocations())
	}
}
