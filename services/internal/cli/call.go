package cli

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

func (a *app) callCommand() *cobra.Command {
	var flags submitFlags
	var meta []string
	cmd := &cobra.Command{
		Use:   "call NUMBER",
		Short: "Submit a call",
		Long: `Submit a call to one number: in E.164 such as +12025550143, or as it is dialed
in the country that --region names. Once this returns the call is stored and will be
placed when its turn comes.

With --wait the call is followed to its end, and the exit code is 6 unless it ended
as completed. Ctrl-C stops watching, not the call.`,
		Example: `  outdial call +12025550143
  outdial call "020 7946 0958" --region GB --instructions "Ask whether they can come tomorrow." --wait
  outdial call +12025550143 --meta appointment=8812 --json`,
		GroupID:           groupCalls,
		Args:              oneArg("the number to call"),
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	flags.add(cmd, "follow the call to its end")
	cmd.Flags().StringArrayVar(&meta, "meta", nil, "your own `key=value`, kept with the call; may be given again")
	cmd.RunE = a.run(func(ctx context.Context, args []string) error {
		settings, err := flags.agent.settings(cmd)
		if err != nil {
			return err
		}
		data, err := metadata(meta)
		if err != nil {
			return err
		}
		r := api.SubmitCallRequest{PhoneNumber: args[0], Region: flags.regionCode(), Metadata: data}
		if settings != (api.AgentSettings{}) {
			r.Agent = &settings
		}
		return a.submitCall(ctx, r, flags)
	})
	return cmd
}

func (a *app) submitCall(ctx context.Context, r api.SubmitCallRequest, flags submitFlags) error {
	key, err := a.idempotencyKey(flags.key)
	if err != nil {
		return err
	}
	c, err := a.client()
	if err != nil {
		return err
	}
	submitted, answer, err := fetch[api.Call](ctx, c, func(ctx context.Context) (*http.Response, error) {
		return c.api.SubmitCall(ctx, &api.SubmitCallParams{IdempotencyKey: key}, r)
	})
	if err != nil {
		return a.perhapsAccepted(ctx, err, *key)
	}
	a.tellReplay(answer)
	if flags.wait {
		return c.watchCall(ctx, submitted.ID)
	}
	if a.flags.json {
		a.out.json(answer.body)
		return nil
	}
	a.showCall(submitted, false)
	a.screen.note("To follow it: outdial calls watch %s", plain(submitted.ID))
	return nil
}

// watchCall follows a call to its end, step by step.
func (c *client) watchCall(ctx context.Context, id string) error {
	steps := callSteps{app: c.app, begin: c.Now()}
	last, document, err := watch[api.Call]{
		client: c,
		what:   fmt.Sprintf("Following %s. Ctrl-C stops watching, not the call.", plain(id)),
		get: func(ctx context.Context, etag *string) (*http.Response, error) {
			return c.api.GetCall(ctx, id, &api.GetCallParams{IfNoneMatch: etag})
		},
		show: steps.show,
		done: func(call api.Call) bool { return isFinal(call.Status) },
	}.run(ctx)
	c.screen.clear()
	if err != nil {
		return c.stopped(ctx, err, document != nil, "outdial calls watch "+shellWord(id))
	}
	if c.flags.json {
		c.out.json(document)
	} else {
		c.showCall(last, false)
	}
	if last.Status != api.CallStatusCompleted {
		return &exitError{code: exitNotCompleted, message: fmt.Sprintf("the call ended as %s", last.Status)}
	}
	return nil
}

func isFinal(s api.CallStatus) bool {
	switch s {
	case api.CallStatusCompleted, api.CallStatusBusy, api.CallStatusNoAnswer, api.CallStatusFailed, api.CallStatusCanceled, api.CallStatusExpired:
		return true
	}
	return false
}

// callSteps shows a call's steps as they come, each once.
type callSteps struct {
	*app
	begin   time.Time
	last    api.HistoryEntry
	waiting string // as shown last
}

func (s *callSteps) show(call api.Call) {
	// Of a long history the middle may be missing, so the place is found by its entry.
	at := slices.IndexFunc(call.History, func(e api.HistoryEntry) bool {
		return e.At.Equal(s.last.At) && e.Status == s.last.Status && e.Attempt == s.last.Attempt && e.Cause == s.last.Cause
	})
	for _, entry := range call.History[at+1:] {
		s.screen.note("%s", s.step(entry))
		s.last, s.waiting = entry, ""
	}
	if why := whyWaiting(s.screen.printer, call.Waiting); why != s.waiting {
		s.waiting = why
		if why != "" {
			s.screen.note("          waits: %s", why)
		}
	}
	s.screen.draw([]cell{
		toned(statusTone(call.Status), string(call.Status)),
		toned(toneDim, fmt.Sprintf("  %s", elapsed(s.Now().Sub(s.begin)))),
	})
}

func (s *callSteps) step(e api.HistoryEntry) string {
	status := string(e.Status)
	return fmt.Sprintf("%s  %s%*s  %s", e.At.In(s.screen.location).Format(time.TimeOnly),
		s.screen.paint(statusTone(e.Status), status), max(0, 11-len(status)), "", plain(e.Cause))
}

// elapsed writes a duration for people.
func elapsed(d time.Duration) string { return d.Round(time.Second).String() }
