package localtask

import (
	"context"
	"os"
)

// Prune deletes old files now, and not only every ten minutes.
func (t *Tasks) Prune(ctx context.Context) { t.prune(ctx) }

// Signal signals a task as if it had just been seen to run.
func (t *Tasks) Signal(token string, pid int, s os.Signal) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.signal(&live{token: token, record: record{PID: pid}}, s)
}

// Refusal says what a launch that failed for certain means.
var Refusal = refusal

// Look looks at all tasks once, and tells the ends that it finds.
func (t *Tasks) Look(ctx context.Context) {
	for _, e := range t.look(ctx) {
		t.tell(ctx, e)
	}
}
