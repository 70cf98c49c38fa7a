package world

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/outdial/outdial/e2e/internal/aws"
	"github.com/outdial/outdial/e2e/internal/localstack"
)

// commandTime is how long a command may take.
const commandTime = 2 * time.Minute

// commandLine is the command line's program, built once.
var commandLine = sync.OnceValues(func() (string, error) {
	root, err := localstack.Root()
	if err != nil {
		return "", err
	}
	path := filepath.Join(root, "bin", "e2e", "outdial")
	return path, buildProgram(root, path, "./outdial")
})

// Terminal is where somebody uses the command line, with a configuration of their
// own and with credentials for AWS.
type Terminal struct {
	Stack string // the root stack's name

	w       *World
	program string
	env     []string
}

// Terminal opens one. LocalStack can't deploy the root stack as a whole, so a stack
// with its outputs stands for it. The API's address there is a name that leads
// nowhere here; --url has the real one, as it does for a domain of one's own.
func (w *World) Terminal(t testing.TB) *Terminal {
	t.Helper()
	program, err := commandLine()
	if err != nil {
		t.Fatal(err)
	}
	home := t.TempDir()
	s := &Terminal{Stack: w.Name + "-root", w: w, program: program, env: []string{
		"HOME=" + home, "OUTDIAL_CONFIG=" + filepath.Join(home, "config.json"), "OUTDIAL_URL=" + w.Gateway.URL,
		"AWS_ENDPOINT_URL=" + w.AWS.URL, "AWS_REGION=" + aws.Region, "AWS_ACCESS_KEY_ID=" + w.AWS.Key, "AWS_SECRET_ACCESS_KEY=secret",
		"AWS_EC2_METADATA_DISABLED=true",
	}}
	if err := w.describe(t.Context(), s.Stack); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.AWS.Delete(context.WithoutCancel(t.Context()), s.Stack); err != nil {
			t.Logf("the stack %s stays: %v", s.Stack, err)
		}
	})
	return s
}

// describe has LocalStack tell the root template's outputs, which nested stacks
// give it on AWS.
func (w *World) describe(ctx context.Context, name string) error {
	outputs, err := w.deployed.root.Outputs()
	if err != nil {
		return err
	}
	template := map[string]any{
		// A stack has to have a resource; this one is nothing but a URL.
		"Resources": map[string]any{"Nothing": map[string]string{"Type": "AWS::CloudFormation::WaitConditionHandle"}},
	}
	values := map[string]any{}
	for key, value := range outputs {
		values[key] = map[string]string{"Value": value}
	}
	template["Outputs"] = values
	body, err := json.Marshal(template)
	if err != nil {
		return err
	}
	_, err = w.AWS.Deploy(ctx, name, string(body), nil)
	return err
}

// Printed is what a command prints, and how it ends.
type Printed struct {
	Out, Err string
	Code     int
}

func (p Printed) String() string {
	return fmt.Sprintf("exit code %d\n%s%s", p.Code, p.Out, p.Err)
}

// Run runs a command to its end.
func (s *Terminal) Run(t testing.TB, args ...string) Printed {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	var out, errs bytes.Buffer
	cmd := s.command(ctx, args)
	cmd.Stdout, cmd.Stderr = &out, &errs
	return s.ended(t, cmd, cmd.Run(), &out, &errs)
}

// RunJSON runs a command that has to succeed, and reads the JSON that it prints.
func RunJSON[T any](t testing.TB, s *Terminal, args ...string) T {
	t.Helper()
	var v T
	got := s.Run(t, append(args, "--json")...)
	if err := json.Unmarshal([]byte(got.Out), &v); err != nil || got.Code != 0 {
		t.Fatalf("outdial %s: %v: %s", strings.Join(args, " "), err, got)
	}
	return v
}

func (s *Terminal) command(ctx context.Context, args []string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.program, args...) //nolint:gosec // our own program
	cmd.Env = s.env
	return cmd
}

func (s *Terminal) ended(t testing.TB, cmd *exec.Cmd, err error, out, errs *bytes.Buffer) Printed {
	t.Helper()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("outdial %s: %v", strings.Join(cmd.Args[1:], " "), err)
	}
	return Printed{out.String(), errs.String(), cmd.ProcessState.ExitCode()}
}

// Login runs `outdial login --stack` as somebody whose browser is at hand. What the
// browser sees at the end comes with it.
func (s *Terminal) Login(t testing.TB, email, password string) (got Printed, page string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), commandTime)
	defer cancel()
	cmd := s.command(ctx, []string{"login", "--stack", s.Stack, "--no-browser"})
	told, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	var out, errs bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for lines := bufio.NewScanner(told); lines.Scan(); {
		errs.WriteString(lines.Text() + "\n")
		if address := strings.TrimSpace(lines.Text()); strings.HasPrefix(address, "http") {
			if page, err = signIn(ctx, address, email, password); err != nil {
				t.Error(err)
				cancel()
			}
			if !strings.HasPrefix(page, "<") { // the pool told what is wrong, and nobody comes back
				cancel()
			}
		}
	}
	return s.ended(t, cmd, cmd.Wait(), &out, &errs), page
}

var action = regexp.MustCompile(`action="([^"]+)"`)

// signIn is a person in a browser, from the page that is opened to the last one.
func signIn(ctx context.Context, address, email, password string) (string, error) {
	jar, err := cookiejar.New(nil)
	if err != nil {
		return "", err
	}
	browser := http.Client{Jar: jar}
	page, err := open(ctx, &browser, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	form := action.FindStringSubmatch(page)
	if form == nil {
		return page, nil
	}
	target, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	if target, err = target.Parse(html.UnescapeString(form[1])); err != nil {
		return "", err
	}
	return open(ctx, &browser, http.MethodPost, target.String(), url.Values{"username": {email}, "password": {password}})
}

func open(ctx context.Context, browser *http.Client, method, address string, form url.Values) (string, error) {
	r, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := browser.Do(r)
	if err != nil {
		return "", err
	}
	body, err := io.ReadAll(answer.Body)
	return string(body), errors.Join(err, answer.Body.Close())
}

// FreeAddress is a loopback address to come back to at which nobody listens. A
// scenario that signs in on the command line gives it as CliCallbackUrl.
func FreeAddress(t testing.TB) string {
	t.Helper()
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(l.Addr().String())
	if err = errors.Join(err, l.Close()); err != nil {
		t.Fatal(err)
	}
	return "http://localhost:" + port + "/callback"
}
