package serve_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// startProcess starts a server as a process of its own, which can be killed.
func startProcess(t *testing.T, data string) (*running, *exec.Cmd) {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "serve", data)
	cmd.Stderr = t.Output()
	said, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	url := address(t, said)
	go func() { _, _ = io.Copy(io.Discard, said) }()
	return &running{t: t, data: data, client: signedIn(t, data, url)}, cmd
}

func list(rows int) *bytes.Reader {
	var csv bytes.Buffer
	csv.WriteString("phone_number,name\n")
	for i := range rows {
		fmt.Fprintf(&csv, "+1415555%04d,Person %d\n", 2000+i, i)
	}
	return bytes.NewReader(csv.Bytes())
}

func (r *running) submitList(rows int) *api.SubmittedBatch {
	r.t.Helper()
	answer, err := r.client.SubmitBatchWithBodyWithResponse(r.t.Context(), nil, "text/csv", list(rows))
	if err != nil || answer.JSON202 == nil {
		r.t.Fatalf("submit: %v %s", err, answer.Body)
	}
	return answer.JSON202
}

func (r *running) batch(id string) *api.Batch {
	r.t.Helper()
	answer, err := r.client.GetBatchWithResponse(r.t.Context(), id, nil)
	if err != nil || answer.JSON200 == nil {
		r.t.Fatalf("get batch: %v %s", err, answer.Body)
	}
	return answer.JSON200
}

func TestABatchEndsThoughItsServerIsKilledAgainAndAgain(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	rows, kills := 60, 4
	if testing.Short() {
		rows, kills = 30, 2
	}
	r, process := startProcess(t, data)
	id := r.submitList(rows).ID
	for kill := range kills {
		eventually(t, "some calls have ended", func() (bool, any) {
			b := r.batch(id)
			ended := b.Rows - b.Counts.Waiting - b.Counts.Active
			return ended >= (kill+1)*rows/(kills+2), b.Counts
		})
		if err := process.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = process.Wait()
		r, process = startProcess(t, data)
	}
	eventually(t, "the batch is completed", func() (bool, any) {
		b := r.batch(id)
		return b.Status == api.BatchStatusCompleted, b.Counts
	})
	if err := process.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = process.Process.Kill()
	_ = process.Wait()
	report := verified(t, data)
	for _, finding := range report.Findings {
		t.Error(finding)
	}
	if report.Checked.Slots != 0 {
		t.Errorf("%d slots are left taken", report.Checked.Slots)
	}
}

// agentPID is the process of a call's agent, as it has noted it in its task's file.
func agentPID(t *testing.T, data, callID string, attempt int) int {
	t.Helper()
	var pid int
	eventually(t, "the agent has noted its process id", func() (bool, any) {
		content, err := os.ReadFile(filepath.Join(data, "tasks", call.ClientToken(callID, attempt)+".lock"))
		for line := range bytes.Lines(content) {
			var note struct {
				PID int `json:"pid"`
			}
			if json.Unmarshal(line, &note) == nil && note.PID != 0 {
				pid = note.PID
			}
		}
		return pid != 0, string(content) + fmt.Sprint(err)
	})
	return pid
}

func TestACallWhoseAgentIsKilledInTalkEndsAsAgentLostAndItsPhoneIsHungUp(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	c.Carrier.Speed = 5
	r := start(t, c)
	id := r.submit(simcarrier.NumberLongTalk).ID
	eventually(t, "somebody has answered", func() (bool, any) {
		c := r.call(id)
		return c.Status == api.CallStatusInProgress, c.Status
	})
	if err := syscall.Kill(agentPID(t, r.data, id, 1), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	got := r.ended(id)
	if got.Status != api.CallStatusFailed || got.Failure.Reason != api.FailureReasonAgentLost || got.Attempt != 1 {
		t.Errorf("ended as %s (%+v), attempt %d; want failed, agent_lost, never retried", got.Status, got.Failure, got.Attempt)
	}
	dials := r.dials()
	if len(dials) != 1 || !dials[0].State(time.Now()).Status.Final() {
		t.Errorf("the carrier has %+v, want one call that is over", dials)
	}
}
