package cli_test

import (
	"net/http"
	"strings"
	"testing"
)

// commands are all commands, as their help names them.
func commands(t *testing.T) [][]string {
	t.Helper()
	var all [][]string
	var walk func(path []string)
	walk = func(path []string) {
		all = append(all, path)
		o := newBench(t, nil).run(t, append(path, "--help")...).expect(t, 0)
		listed := false
		for line := range strings.SplitSeq(o.out, "\n") {
			name, _, isCommand := strings.Cut(strings.TrimPrefix(line, "  "), " ")
			switch {
			case strings.HasSuffix(line, ":") && !strings.HasPrefix(line, " "):
				listed = line == "Calls:" || line == "Operations:" || line == "Signing in:" || line == "Server:" ||
					line == "Additional Commands:" || line == "Available Commands:"
			case listed && isCommand && strings.HasPrefix(line, "  ") && name != "help":
				walk(append(append([]string(nil), path...), name))
			}
		}
	}
	walk(nil)
	return append(all, []string{"agent"}) // it isn't listed
}

func TestEveryCommandHasExamples(t *testing.T) {
	t.Parallel()
	all := commands(t)
	if len(all) < 30 {
		t.Fatalf("only %d commands were found: %v", len(all), all)
	}
	for _, path := range all {
		name := strings.Join(append([]string{"outdial"}, path...), " ")
		b := newBench(t, nil)
		b.env["HOME"] = "/home/ada"
		o := b.run(t, append(path, "--help")...)
		_, examples, ok := strings.Cut(o.out, "Examples:\n")
		examples, _, _ = strings.Cut(examples, "\n\n")
		// The examples of a group are those of its members.
		if !ok || !strings.Contains(examples, name) {
			t.Errorf("%s: no example of it in its help:\n%s", name, o.out)
		}
		if strings.Contains(o.out, name+" [flags]") && strings.Contains(o.out, name+" [command]") {
			t.Errorf("%s: a command that only holds others is shown as one that does something", name)
		}
		if short, _, _ := strings.Cut(o.out, "\n"); short == "" || strings.HasPrefix(short, "Usage") {
			t.Errorf("%s: its help doesn't begin with what it does", name)
		}
		for line := range strings.SplitSeq(o.out, "\n") {
			if n := len([]rune(line)); n > 160 {
				t.Errorf("%s: a line of its help has %d characters: %s", name, n, line)
			}
		}
	}
}

// Each example is one that can be typed: its commands and flags exist.
func TestExamplesOfTheHelpAreUnderstood(t *testing.T) {
	t.Parallel()
	for _, path := range commands(t) {
		o := newBench(t, nil).run(t, append(path, "--help")...)
		_, examples, _ := strings.Cut(o.out, "Examples:\n")
		examples, _, _ = strings.Cut(examples, "\n\n")
		for line := range strings.SplitSeq(examples, "\n") {
			_, command, ok := strings.Cut(line, "outdial ")
			if !ok || strings.Contains(line, "$(") || strings.Contains(line, "<(") {
				continue
			}
			command, _, _ = strings.Cut(command, " |")
			command, _, _ = strings.Cut(command, " >")
			args := append(words(command), "--help")
			if o := newBench(t, nil).run(t, args...); o.code != 0 {
				t.Errorf("%s: %s", line, o.err)
			}
		}
	}
}

// words splits as a shell does, for what these examples have: double and single quotes.
func words(s string) []string {
	var all []string
	var word strings.Builder
	quote := rune(0)
	for _, r := range s + " " {
		switch {
		case quote == 0 && (r == '"' || r == '\''):
			quote = r
		case r == quote && quote != 0:
			quote = 0
		case r == ' ' && quote == 0:
			if word.Len() > 0 {
				all = append(all, word.String())
			}
			word.Reset()
		default:
			word.WriteRune(r)
		}
	}
	return all
}

func TestTheHelpTellsTheExitCodes(t *testing.T) {
	t.Parallel()
	o := newBench(t, nil).run(t, "--help").expect(t, 0)
	for _, line := range []string{
		"  0    ", "  1    ", "  2    ", "  3    ", "  4    ", "  5    ", "  6    ", "  7    ", "  130  ", "OUTDIAL_URL", "OUTDIAL_TOKEN", "NO_COLOR",
	} {
		if !strings.Contains(o.out, line) {
			t.Errorf("no %q", line)
		}
	}
	if strings.Contains(o.out, "\n  agent ") {
		t.Error("the agent is for the server only")
	}
}

func TestVersion(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	if o := b.run(t, "version").expect(t, 0); !strings.HasPrefix(o.out, "outdial 1.2.3 (go1.") {
		t.Errorf("%q", o.out)
	}
	if o := b.run(t, "--version").expect(t, 0); o.out != "outdial 1.2.3\n" {
		t.Errorf("%q", o.out)
	}
	if o := b.run(t, "version", "--json").expect(t, 0); !strings.HasPrefix(o.out, `{"arch":`) || !strings.Contains(o.out, `"version":"1.2.3"`) {
		t.Errorf("%q", o.out)
	}
}

func TestCompletionScripts(t *testing.T) {
	t.Parallel()
	for shell, part := range map[string]string{"bash": "complete -o default", "zsh": "#compdef outdial", "fish": "complete -c outdial", "powershell": "Register-ArgumentCompleter"} {
		if o := newBench(t, nil).run(t, "completion", shell).expect(t, 0); !strings.Contains(o.out, part) {
			t.Errorf("the script for %s has no %q", shell, part)
		}
	}
	newBench(t, nil).run(t, "completion", "tcsh").expect(t, 2, `there is no completion for "tcsh"`)
}

func TestCompletion(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args []string
		want string
	}{
		"statuses":            {[]string{"calls", "list", "--status", ""}, "queued\nlaunching\n"},
		"causes":              {[]string{"dead-letters", "list", "--cause", ""}, "launch_refused\nlaunch_tries_used\n"},
		"log levels":          {[]string{"serve", "--log-level", ""}, "debug\ninfo\nwarn\nerror\n"},
		"shells":              {[]string{"completion", ""}, "bash\nzsh\nfish\npowershell\n"},
		"CSV files":           {[]string{"batch", "submit", ""}, "csv\ntsv\ntxt\n:8\n"},
		"folders":             {[]string{"serve", "--data", ""}, ":16\n"},
		"batches":             {[]string{"batch", "get", ""}, batchID + "\tactive, Appointments of 3 March\n"},
		"batches of a list":   {[]string{"calls", "list", "--batch", ""}, batchID + "\tactive, Appointments of 3 March\n"},
		"calls":               {[]string{"calls", "get", ""}, callID + "\tcompleted, +12025550143\n"},
		"no second argument":  {[]string{"calls", "get", callID, ""}, ":36\n"},
		"nothing to complete": {[]string{"call", ""}, ":4\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := newBench(t, server(t)).run(t, append([]string{"__complete"}, c.args...)...).expect(t, 0)
			if !strings.HasPrefix(o.out, c.want) {
				t.Errorf("%q", o.out)
			}
		})
	}
}

// A shell has no place for errors.
func TestCompletionWithoutAnAnswerIsSilent(t *testing.T) {
	t.Parallel()
	f := newFake(t)
	f.on("GET /batches", problem(t, "unauthorized"))
	b := newBench(t, f)
	if o := b.run(t, "__complete", "batch", "get", "").expect(t, 0); o.out != ":36\n" {
		t.Errorf("%q", o.out)
	}
	delete(b.env, "OUTDIAL_TOKEN")
	if o := b.run(t, "__complete", "batch", "get", "").expect(t, 0); o.out != ":36\n" {
		t.Errorf("%q", o.out)
	}
}

// No command but `token` ever shows one.
func TestNoTokenIsShown(t *testing.T) {
	t.Parallel()
	const secret = "very-secret-token"
	failing := newFake(t)
	for _, route := range []string{"GET /calls/{id}", "GET /calls", "POST /calls", "GET /batches/{id}"} {
		failing.on(route, problem(t, "unauthorized"))
	}
	broken := newFake(t)
	for _, route := range []string{"GET /calls/{id}", "GET /calls", "POST /calls", "GET /batches/{id}"} {
		broken.on(route, func(w http.ResponseWriter, r *http.Request) { cutOff(w, r) })
	}
	for _, f := range []*fake{server(t), failing, broken} {
		for _, args := range [][]string{
			{"calls", "get", callID},
			{"calls", "list", "--json"},
			{"call", "+12025550143"},
			{"call", "+12025550143", "--json"},
			{"calls", "gte", callID},
			{"login", "--url", "ftp://x"},
			{"logout"},
			{"version"},
		} {
			b := newBench(t, f)
			b.env["OUTDIAL_TOKEN"] = secret
			o := b.run(t, args...)
			p := b.run(t, append(args, "--token", secret)...)
			if strings.Contains(o.out+o.err+p.out+p.err, secret) {
				t.Errorf("%v shows the token", args)
			}
		}
	}
	b := newBench(t, nil)
	b.env["OUTDIAL_TOKEN"] = secret
	if o := b.run(t, "token").expect(t, 0); o.out != secret+"\n" {
		t.Errorf("token prints %q", o.out)
	}
}
