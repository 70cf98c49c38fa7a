package infratest_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// standIn is what stands in for aws, sam, docker, podman and make: it notes what it
// is asked, and answers what a test has put beside it, as a piece of shell, under
// the first of "aws sts get-caller-identity", "aws sts" and "aws" that there is.
const standIn = `#!/bin/bash
name=$(basename "$0")
echo "$name $*" >>"$STAND_INS/log"
for answer in "$name $1 $2" "$name $1" "$name"; do
  if [[ -f $STAND_INS/$answer ]]; then . "$STAND_INS/$answer"; exit; fi
done
`

// deployment is a copy of the scripts with stand-ins for all that they call.
type deployment struct {
	dir string
	env []string
	in  string
}

const (
	stackURI = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/outdial-agent"
	noStack  = "echo 'An error occurred (ValidationError): Stack with id outdial does not exist' >&2; exit 254"
)

// stands is a stack, as AWS describes it to infra/deploy.
func stands(status, repository, protected string) string {
	return fmt.Sprintf(`printf '%s\t%s\teu-central-1_pool\tada@example.com\t%s\n'`, status, repository, protected)
}

// stuck is a stack whose first deploy never came to its outputs.
func stuck(status string) string {
	return fmt.Sprintf(`printf '%s\tNone\tNone\tada@example.com\tfalse\n'`, status)
}

// newDeployment is where everything is there and nothing fails; answers, by their
// names, say what is otherwise. An empty answer of a command's name takes it away.
func newDeployment(t *testing.T, answers map[string]string) *deployment {
	t.Helper()
	d := &deployment{dir: t.TempDir()}
	write := func(name, content string, mode os.FileMode) {
		path := filepath.Join(d.dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), mode); err != nil {
			t.Fatal(err)
		}
	}
	for _, script := range []string{"check", "deploy", "destroy"} {
		content, err := os.ReadFile(filepath.Join(infra, script))
		if err != nil {
			t.Fatal(err)
		}
		write("infra/"+script, string(content), 0o700)
	}
	write("services/agent/Dockerfile", "FROM scratch\n", 0o600)
	all := map[string]string{
		"make":                       `mkdir -p bin/lambda/agent && echo agent >bin/lambda/agent/agent`,
		"aws cloudformation":         `case $* in *TableName*) echo outdial-Table-1 ;; *SourceBucket*) echo sam-bucket ;; *StackStatus*) ` + stands("UPDATE_COMPLETE", stackURI, "true") + ` ;; esac`,
		"aws ecr describe-images":    "exit 254",
		"aws ecr get-login-password": "echo secret",
		"aws ecs list-tasks":         "echo",
		"docker login":               `cat >"$STAND_INS/password"`,
		"podman login":               `cat >"$STAND_INS/password"`,
		"aws sts":                    "",
		"aws configure":              "echo eu-central-1",
		"docker info":                "",
		"aws --version":              "",
		"sam --version":              "",
	}
	maps.Copy(all, answers)
	for name, answer := range all {
		if answer != "" {
			write("stand-ins/"+name, answer+"\n", 0o600)
		}
	}
	for _, name := range []string{"aws", "sam", "docker", "podman", "make"} {
		write("programs/"+name, standIn, 0o700)
	}
	d.env = []string{
		"PATH=" + filepath.Join(d.dir, "programs") + ":/usr/bin:/bin", "HOME=" + d.dir,
		"STAND_INS=" + filepath.Join(d.dir, "stand-ins"), "AWS_REGION=eu-central-1",
	}
	return d
}

// run gives what a script says and how it ends.
func (d *deployment) run(t *testing.T, script string, args ...string) (said string, code int) {
	t.Helper()
	var out bytes.Buffer
	c := exec.CommandContext(t.Context(), filepath.Join(d.dir, "infra", script), args...)
	c.Env, c.Stdin, c.Stdout, c.Stderr = d.env, strings.NewReader(d.in), &out, &out
	err := c.Run()
	failed, isExit := errors.AsType[*exec.ExitError](err)
	if err != nil && !isExit {
		t.Fatal(err)
	}
	if isExit {
		code = failed.ExitCode()
	}
	return out.String(), code
}

// log is what was asked, a line each, from the first one that isn't a question.
func (d *deployment) log(t *testing.T) []string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(d.dir, "stand-ins/log"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	var lines []string
	for line := range strings.Lines(string(data)) {
		switch {
		case strings.Contains(line, "--version"), strings.Contains(line, " info"), strings.HasPrefix(line, "aws sts"), strings.HasPrefix(line, "aws configure"):
		default:
			lines = append(lines, strings.TrimSpace(line))
		}
	}
	return lines
}

// expectSteps fails the test unless the log's lines begin with these, one by one.
func (d *deployment) expectSteps(t *testing.T, steps ...string) {
	t.Helper()
	log := d.log(t)
	ok := len(log) == len(steps)
	for i := range min(len(log), len(steps)) {
		ok = ok && strings.HasPrefix(log[i], steps[i])
	}
	if !ok {
		t.Errorf("it did\n  %s\nwant\n  %s", strings.Join(log, "\n  "), strings.Join(steps, "\n  "))
	}
}

// The image is there before a task definition names it, and the command line before
// it is told how to sign in.
func TestDeployOverAStackPushesFirst(t *testing.T) {
	t.Parallel()
	d := newDeployment(t, map[string]string{"docker build": `echo "$BUILDX_NO_DEFAULT_ATTESTATIONS" >"$STAND_INS/attestations"`})
	said, code := d.run(t, "deploy", "outdial", "Subnets=public", "LogLevel=debug", "AllowedOrigins=", "LoginDomainPrefix=")
	if code != 0 || !strings.Contains(said, "bin/outdial login --stack outdial") {
		t.Fatalf("exit code %d: %s", code, said)
	}
	d.expectSteps(t, "make --no-print-directory build lambda", "aws cloudformation describe-stacks --stack-name outdial",
		"aws ecr describe-images --repository-name outdial-agent", "aws ecr get-login-password", "docker login --username AWS --password-stdin 123456789012.dkr.ecr.eu-central-1.amazonaws.com",
		"docker build --platform linux/arm64 --file services/agent/Dockerfile --tag "+stackURI+":", "docker push "+stackURI+":",
		"sam deploy --template-file infra/template.yaml --stack-name outdial --region eu-central-1")
	log := d.log(t)
	if t.Failed() {
		return
	}
	_, tag, _ := strings.Cut(log[6], stackURI+":")
	if last := log[7]; len(tag) != 16 || !strings.HasSuffix(last, "--parameter-overrides AgentImageTag="+tag+" Subnets=public LogLevel=debug AllowedOrigins='' LoginDomainPrefix=''") {
		t.Errorf("the image is %q, and it deploys by %s", tag, last)
	}
	for name, want := range map[string]string{"password": "secret\n", "attestations": "1\n"} {
		if got, err := os.ReadFile(filepath.Join(d.dir, "stand-ins", name)); err != nil || string(got) != want {
			t.Errorf("the %s given to Docker: %q, %v", name, got, err)
		}
	}
}

// The first time the repository comes with the stack. And the table is protected
// when all is there, because a rollback has to take it away.
func TestTheFirstDeployPushesAndProtectsLast(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args    []string
		deploys []string // each with what about the protection
	}{
		"says nothing of it":          {nil, []string{" DeletionProtection=false", " DeletionProtection=true"}},
		"wants it from the beginning": {[]string{"DeletionProtection=true"}, []string{" DeletionProtection=true"}},
		"wants none":                  {[]string{"DeletionProtection=false"}, []string{" DeletionProtection=false"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, map[string]string{
				"aws cloudformation": `if [[ -f $STAND_INS/deployed ]]; then ` + stands("CREATE_COMPLETE", stackURI, "true") + `; else ` + noStack + `; fi`,
				"sam deploy":         `touch "$STAND_INS/deployed"`,
			})
			if said, code := d.run(t, "deploy", append([]string{"outdial", "FirstUserEmail=ada@example.com"}, c.args...)...); code != 0 {
				t.Fatalf("exit code %d: %s", code, said)
			}
			steps := []string{"make", "aws cloudformation"}
			for range c.deploys {
				steps = append(steps, "sam deploy")
			}
			d.expectSteps(t, append(steps, "aws cloudformation", "aws ecr describe-images --repository-name outdial-agent", "aws ecr get-login-password",
				"docker login", "docker build", "docker push "+stackURI+":")...)
			for i, line := range d.log(t)[2 : 2+len(c.deploys)] {
				if !strings.HasSuffix(line, " FirstUserEmail=ada@example.com"+c.deploys[i]) {
					t.Errorf("deploy %d: %s\nwant at its end%s", i+1, line, c.deploys[i])
				}
			}
		})
	}
}

func TestDeploy(t *testing.T) {
	t.Parallel()
	again := []string{"make", "aws cloudformation", "aws ecr describe-images"}
	pushes := append(again[:3:3], "aws ecr get-login-password")
	for name, c := range map[string]struct {
		answers map[string]string
		args    []string
		code    int
		says    string
		steps   []string
	}{
		"doesn't push an image that is there": {
			map[string]string{"aws ecr describe-images": "echo '{}'"}, nil, 0, "Deployed.", append(again[:3:3], "sam deploy"),
		},
		"takes Podman where Docker isn't": {
			map[string]string{"docker": "exit 127"}, nil, 0, "Deployed.", append(pushes[:4:4], "podman login", "podman build", "podman push", "sam deploy"),
		},
		"ends when building fails":    {map[string]string{"make": "exit 2"}, nil, 2, "", again[:1]},
		"ends when pushing fails":     {map[string]string{"docker push": "exit 1"}, nil, 1, "", append(pushes[:4:4], "docker login", "docker build", "docker push")},
		"ends when the image doesn't": {map[string]string{"docker build": "exit 1"}, nil, 1, "", append(pushes[:4:4], "docker login", "docker build")},
		"ends when deploying fails":   {map[string]string{"sam deploy": "exit 1", "aws ecr describe-images": "echo '{}'"}, nil, 1, "", append(again[:3:3], "sam deploy")},
		"ends when the registry refuses": {
			map[string]string{"aws ecr get-login-password": "exit 255"}, nil, 255, "", pushes,
		},
		"takes no other trouble for a first deploy": {
			map[string]string{"aws cloudformation": "echo 'AccessDenied: not yours' >&2; exit 254"}, nil, 1, "AccessDenied: not yours", again[:2],
		},
		"wants to know the first user": {
			map[string]string{"aws cloudformation": noStack}, nil, 2, "make deploy FIRST_USER=you@example.com", again[:2],
		},
		"goes on where a first deploy came to nothing": {
			map[string]string{"aws cloudformation": stuck("REVIEW_IN_PROGRESS"), "sam deploy": "exit 1"}, []string{"FirstUserEmail=ada@example.com"}, 1, "", append(again[:2:2], "sam deploy"),
		},
		"wants a first deploy that was rolled back taken away": {
			map[string]string{"aws cloudformation": stuck("ROLLBACK_COMPLETE")}, []string{"FirstUserEmail=ada@example.com"}, 1, "is ROLLBACK_COMPLETE and takes no update; what is left of it has to go first: make destroy STACK=outdial", again[:2],
		},
		"wants one taken away whose rollback failed": {
			map[string]string{"aws cloudformation": stuck("ROLLBACK_FAILED")}, nil, 1, "make destroy STACK=outdial", again[:2],
		},
		"wants one taken away that nobody rolled back": {
			map[string]string{"aws cloudformation": stuck("CREATE_FAILED")}, nil, 1, "make destroy STACK=outdial", again[:2],
		},
		"wants one taken away that is half gone": {
			map[string]string{"aws cloudformation": stands("DELETE_FAILED", stackURI, "true")}, nil, 1, "make destroy STACK=outdial", again[:2],
		},
		"wants an update led back whose rollback failed": {
			map[string]string{"aws cloudformation": stands("UPDATE_ROLLBACK_FAILED", stackURI, "true")}, nil, 1, "aws cloudformation continue-update-rollback --stack-name outdial", again[:2],
		},
		"goes on after an update that was rolled back": {
			map[string]string{"aws cloudformation": stands("UPDATE_ROLLBACK_COMPLETE", stackURI, "true"), "aws ecr describe-images": "echo '{}'"}, nil, 0, "Deployed.", append(again[:3:3], "sam deploy"),
		},
		"takes the first user's address again": {
			map[string]string{"aws ecr describe-images": "echo '{}'"}, []string{"FirstUserEmail=ada@example.com"}, 0, "Deployed.", append(again[:3:3], "sam deploy"),
		},
		"puts nobody in the first user's place": {
			nil, []string{"Subnets=public", "FirstUserEmail=eve@example.com"}, 2, "aws cognito-idp admin-create-user --user-pool-id eu-central-1_pool --username eve@example.com ", again[:2],
		},
		"says when the table is not protected": {
			map[string]string{"aws cloudformation": stands("UPDATE_COMPLETE", stackURI, "false"), "aws ecr describe-images": "echo '{}'"}, nil, 0, "The table is not protected against deletion", append(again[:3:3], "sam deploy"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, c.answers)
			said, code := d.run(t, "deploy", append([]string{"outdial"}, c.args...)...)
			if code != c.code || !strings.Contains(said, c.says) || code != 0 && strings.Contains(said, "Deployed.") {
				t.Errorf("exit code %d, want %d; it says %s", code, c.code, said)
			}
			d.expectSteps(t, c.steps...)
		})
	}
}

// Everything that is missing is told at once, before anything is done.
func TestDeployTellsWhatIsMissing(t *testing.T) {
	t.Parallel()
	gone := "exit 127"
	for name, c := range map[string]struct {
		answers map[string]string
		says    []string
	}{
		"all":        {map[string]string{"aws": gone, "aws --version": gone, "sam --version": gone, "docker info": gone, "podman": gone}, []string{"AWS CLI is missing: ", "SAM CLI is missing: ", "Docker or Podman is missing: "}},
		"sign-in":    {map[string]string{"aws sts": "exit 255"}, []string{"a sign-in to AWS is missing: aws login"}},
		"region":     {map[string]string{"aws configure": "exit 1"}, []string{"a region is missing: export AWS_REGION="}},
		"SAM":        {map[string]string{"sam --version": gone}, []string{"SAM CLI is missing: brew install aws-sam-cli, or pip install aws-sam-cli, or into this folder: .ci/venv sam .ci/sam/versions.txt"}},
		"the daemon": {map[string]string{"docker info": "exit 1", "podman": gone}, []string{"Docker or Podman is missing: install one of them, or start it"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, c.answers)
			if name == "region" {
				d.env = d.env[:len(d.env)-1]
			}
			said, code := d.run(t, "deploy", "outdial")
			if code != 1 || strings.Count(said, "\n") != len(c.says) {
				t.Errorf("exit code %d: %s", code, said)
			}
			for _, part := range c.says {
				if !strings.Contains(said, part) {
					t.Errorf("it doesn't say %q:\n%s", part, said)
				}
			}
			d.expectSteps(t)
		})
	}
}

func TestDeployRefusesANameThatCannotBe(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"Outdial", "9lives", "out dial", "", "out-", "-out", "out--dial", strings.Repeat("a", 41)} {
		d := newDeployment(t, nil)
		if said, code := d.run(t, "deploy", name); code != 2 || !strings.Contains(said, "must be small letters and digits") {
			t.Errorf("%q: exit code %d: %s", name, code, said)
		}
		d.expectSteps(t)
	}
	for _, name := range []string{"a", "out-dial-2", strings.Repeat("a", 40)} {
		if said, code := newDeployment(t, nil).run(t, "deploy", name); code != 0 {
			t.Errorf("%q: exit code %d: %s", name, code, said)
		}
	}
}

func TestDestroy(t *testing.T) {
	t.Parallel()
	ask := []string{"aws cloudformation describe-stacks --stack-name outdial"}
	deletes := []string{"aws cloudformation delete-stack --stack-name outdial", "aws cloudformation wait stack-delete-complete --stack-name outdial"}
	cleans := append(deletes[:2:2], "aws cloudformation describe-stacks --stack-name aws-sam-cli-managed-default", "aws s3 rm --recursive --quiet s3://sam-bucket/outdial/")
	goes := append([]string{ask[0], "aws ecs list-tasks --cluster outdial"}, cleans...)
	for name, c := range map[string]struct {
		in, confirm string
		answers     map[string]string
		code        int
		says        string
		steps       []string
	}{
		"asks, and goes on when its name is typed":  {"outdial\n", "", nil, 0, "delete-table --table-name outdial-Table-1", goes},
		"says before what stays":                    {"\n", "", nil, 1, "The table outdial-Table-1 with all calls and batches stays", ask},
		"does nothing when something else is typed": {"yes\n", "", nil, 1, "Nothing is deleted.", ask},
		"does nothing when nobody is there to ask":  {"", "", nil, 1, "Nothing is deleted.", ask},
		"takes the answer from the environment":     {"", "outdial", nil, 0, "Deleted.", goes},
		"takes no wrong answer from there":          {"outdial\n", "other", nil, 1, "Nothing is deleted.", ask},
		"stops the tasks first and waits": {"", "outdial", map[string]string{"aws ecs list-tasks": "printf 'arn:1\tarn:2\n'"}, 0, "Deleted.", append([]string{
			ask[0], "aws ecs list-tasks", "aws ecs stop-task --cluster outdial --task arn:1", "aws ecs stop-task --cluster outdial --task arn:2",
			"aws ecs wait tasks-stopped --cluster outdial --tasks arn:1 arn:2",
		}, cleans...)},
		"takes away what a failed deploy left": {"", "outdial", map[string]string{"aws ecs list-tasks": "echo ClusterNotFoundException >&2; exit 254"}, 0, "Deleted.", goes},
		"takes away what never had an output":  {"", "outdial", map[string]string{"aws cloudformation describe-stacks": "echo None"}, 0, "Deleted.", append([]string{ask[0], "aws ecs list-tasks"}, cleans[:3]...)},
		"says when there is no stack":          {"outdial\n", "", map[string]string{"aws cloudformation": noStack}, 254, "does not exist", ask},
		"fails when deleting fails":            {"outdial\n", "", map[string]string{"aws cloudformation wait": "exit 255"}, 255, "The table outdial-Table-1", append([]string{ask[0], "aws ecs list-tasks"}, deletes...)},
		"tells what is missing at first":       {"", "", map[string]string{"aws sts": "exit 255"}, 1, "a sign-in to AWS is missing", nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDeployment(t, c.answers)
			d.in = c.in
			if c.confirm != "" {
				d.env = append(d.env, "CONFIRM="+c.confirm)
			}
			said, code := d.run(t, "destroy", "outdial")
			if code != c.code || code != 0 && strings.Contains(said, "Deleted.") {
				t.Errorf("exit code %d, want %d; it says %s", code, c.code, said)
			}
			if !strings.Contains(said, c.says) || strings.Contains(said, "None") {
				t.Errorf("it doesn't say %q:\n%s", c.says, said)
			}
			d.expectSteps(t, c.steps...)
		})
	}
}
