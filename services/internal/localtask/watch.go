package localtask

import (
	"context"
	"errors"
	"os"
	"time"

	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/filelock"
)

const (
	pruneEvery  = 10 * time.Minute
	stopVersion = 1 // the end is the only change of a task that is told

	exitUnknown = "ended while its exit status could not be seen"
)

// Watch tells the end of every task, at least once each, until ctx is done. The
// end of an own process is seen at once, that of one that an earlier server
// started by looking at its lock. That it was told is noted after it was told:
// if the server dies in between, the next one tells it again. Watch also ends by
// force what does not stop, and deletes old files.
func (t *Tasks) Watch(ctx context.Context) {
	looks, prunes := time.NewTicker(t.config.Poll), time.NewTicker(pruneEvery)
	defer looks.Stop()
	defer prunes.Stop()
	for {
		for _, e := range t.look(ctx) {
			t.tell(ctx, e)
		}
		select {
		case <-ctx.Done():
			return
		case <-prunes.C:
			t.prune(ctx)
		case <-t.ended:
		case <-looks.C:
		}
	}
}

// look gives the ends that are to be told, and presses the tasks that were asked to stop.
func (t *Tasks) look(ctx context.Context) []messages.Event {
	t.mu.Lock()
	defer t.mu.Unlock()
	var ends []messages.Event
	for _, l := range t.live {
		running, err := l.process != nil, error(nil)
		if !running {
			running, _, err = t.read(l.token)
		}
		if err == nil && running {
			err = t.press(l)
		} else if err == nil {
			ends = append(ends, t.end(l))
		}
		if err != nil {
			t.log.WarnContext(ctx, "task can't be looked at", "task", arnOf(l.token), "cause", err)
		}
	}
	return ends
}

// end is the news that a task has ended, with the reason for people.
func (t *Tasks) end(l *live) messages.Event {
	reason := l.exit
	if reason == "" {
		reason = exitUnknown
	}
	if l.record.StopReason != "" {
		reason = "stopped (" + cut(l.record.StopReason) + "): " + reason
	}
	return messages.Event{
		Type: messages.EventTaskStopped, Task: arnOf(l.token),
		CallID: l.record.CallID, Attempt: l.record.Attempt,
		At: t.now().UTC().Truncate(time.Millisecond), Version: stopVersion, Reason: reason,
	}
}

// tell tells the end of a task. What fails is tried again at the next look.
func (t *Tasks) tell(ctx context.Context, e messages.Event) {
	if _, err := messages.EncodeEvent(e); err != nil { // for ever: the file is damaged, and names no call
		t.log.ErrorContext(ctx, "the end of a task can't be told; its call ends by its limits", "task", e.Task, "cause", err)
	} else if err := t.events.Publish(ctx, e); err != nil {
		t.log.WarnContext(ctx, "the end of a task was not told", "task", e.Task, "cause", err)
		return
	}
	token, _ := tokenOf(e.Task)
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.live, token)
	if err := t.write(token, record{PublishedAt: t.now().UTC()}); err != nil {
		t.log.WarnContext(ctx, "the end of a task will be told again", "task", e.Task, "cause", err)
	}
}

// cut keeps a reason well below what the contract allows.
func cut(reason string) string {
	r := []rune(reason)
	return string(r[:min(len(r), 500)])
}

// prune deletes the files of tasks whose end was told long ago, and those of
// launches that never came to a process.
func (t *Tasks) prune(ctx context.Context) {
	found, err := t.files()
	for _, token := range found {
		err = errors.Join(err, t.pruneFile(token))
	}
	if err != nil {
		t.log.WarnContext(ctx, "old tasks were not deleted", "cause", err)
	}
}

func (t *Tasks) pruneFile(token string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	f, err := t.open(token, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	free, err := filelock.TryExclusive(f)
	if err != nil || !free {
		return err
	}
	r, err := readRecord(f)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	last := r.PublishedAt
	if !r.spawned() {
		last = info.ModTime()
	}
	if last.IsZero() || t.now().Sub(last) < t.config.Keep {
		return nil
	}
	return os.Remove(f.Name())
}
