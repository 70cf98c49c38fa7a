package localtask

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"
)

const (
	arnPrefix  = "local:task/"
	fileSuffix = ".lock"
	private    = 0o600
	privateDir = 0o700
)

// tokens are the client tokens that can be the name of a file.
var tokens = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

func arnOf(token string) string { return arnPrefix + token }

// tokenOf gives the token of an ARN, if it is one of this package.
func tokenOf(arn string) (string, bool) {
	token, ok := strings.CutPrefix(arn, arnPrefix)
	return token, ok && tokens.MatchString(token)
}

func pathOf(dir, token string) string { return filepath.Join(dir, token+fileSuffix) }

// record is what a task's file says. The file is a list of such records, one
// JSON object a line, and says what they say together, the later the stronger.
type record struct {
	CallID         string    `json:"call_id,omitempty"`
	Attempt        int       `json:"attempt,omitempty"`
	StartedBy      string    `json:"started_by,omitempty"`
	TaskDefinition string    `json:"task_definition,omitempty"`
	SpawnedAt      time.Time `json:"spawned_at,omitzero"` // just before the process was started

	PID int `json:"pid,omitempty"` // written by the process itself; to be signaled only while the lock is held

	StopAt     time.Time `json:"stop_at,omitzero"` // when it was first asked to stop
	StopReason string    `json:"stop_reason,omitempty"`

	PublishedAt time.Time `json:"published_at,omitzero"` // when its end was told
}

func (r record) spawned() bool   { return !r.SpawnedAt.IsZero() }
func (r record) published() bool { return !r.PublishedAt.IsZero() }

// readRecord reads all that a task's file says. A line that is not whole was
// being written when its writer died, so nothing was built on it.
func readRecord(f *os.File) (record, error) {
	var r record
	data, err := io.ReadAll(io.NewSectionReader(f, 0, 1<<20))
	if err != nil {
		return r, err
	}
	for line := range strings.Lines(string(data)) {
		next := r
		if json.Unmarshal([]byte(line), &next) == nil {
			r = next
		}
	}
	return r, nil
}

// appendRecord adds to what a task's file says, in one write to a file opened
// with O_APPEND: server and agent both write. The line break before it ends a
// line that is not whole.
func appendRecord(f *os.File, r record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	_, err = f.WriteString("\n" + string(line) + "\n")
	return err
}
