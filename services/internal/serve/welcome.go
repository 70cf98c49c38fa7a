package serve

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/simcarrier"
)

// say writes to the person who started the server. The log is for the rest.
func (s *server) say(format string, args ...any) {
	if _, err := fmt.Fprintf(s.Out, format+"\n", args...); err != nil {
		s.log.Debug("standard output can't be written", "cause", err)
	}
}

// welcome says where the server is and, once, the first password.
func (s *server) welcome() {
	s.say("Outdial %s serves on %s   (data folder: %s)", s.Version, s.url(), s.Data)
	s.say("Its console is at %s, for a browser.", s.url())
	s.say("Calls are placed by a simulated carrier, at %g times their real speed. No real phone rings.", s.Carrier.Speed)
	if s.first != nil {
		s.say("\nSign-in, shown this once:\n  user      %s\n  password  %s\n  machine client %s, secret %s",
			s.first.User, s.first.Password, s.first.MachineClient, s.first.MachineSecret)
	}
	s.log.Info("serving", "url", s.url(), "data", s.Data)
}

// firstNumber is answered by the simulated carrier, always.
const firstNumber = simcarrier.NumberAnswered

// firstCall places one simulated call through the API, as any client would, and
// shows its life.
func (s *server) firstCall(ctx context.Context) {
	if s.issuer == nil {
		s.say("\nNo first call: sign-in is by %s. Submit one with `outdial login` and `outdial call %s`.", s.Issuer, firstNumber)
		return
	}
	if err := s.placeFirstCall(ctx); err != nil {
		if ctx.Err() == nil {
			s.say("\nThe first call could not be followed: %v", err)
		}
		return
	}
	s.whatNext()
}

func (s *server) placeFirstCall(ctx context.Context) error {
	client, err := s.client()
	if err != nil {
		return err
	}
	words := "Hello! This is a call of Outdial's simulated carrier."
	answer, err := client.SubmitCallWithResponse(ctx, nil, api.SubmitCallRequest{
		PhoneNumber: firstNumber, Agent: &api.AgentSettings{FirstWords: &words},
	})
	if err != nil {
		return err
	}
	if answer.JSON202 == nil {
		return fmt.Errorf("the server answered %s", answer.Status())
	}
	s.say("\nA first call, to %s:", firstNumber)
	shown := 0
	for c := answer.JSON202; ; {
		for _, step := range c.History[shown:] {
			s.say("  %s  %-12s %s", step.At.Local().Format(time.TimeOnly), step.Status, step.Cause)
		}
		if shown = len(c.History); c.EndedAt != nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
		next, err := client.GetCallWithResponse(ctx, c.ID, nil)
		if err != nil {
			return err
		}
		if next.JSON200 == nil {
			return fmt.Errorf("the server answered %s", next.Status())
		}
		c = next.JSON200
	}
}

// client speaks to this server as its first user.
func (s *server) client() (*api.ClientWithResponses, error) {
	user, err := s.issuer.FirstUser()
	if err != nil {
		return nil, err
	}
	token, err := s.issuer.MintAccessToken(user, signin.Scopes(), time.Now())
	if err != nil {
		return nil, err
	}
	return api.NewClientWithResponses(s.apiURL(), api.WithRequestEditorFn(func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+token)
		return nil
	}))
}

// whatNext names commands that work as they are printed.
func (s *server) whatNext() {
	login := "login --data " + s.Data
	if s.Listen != defaultListen {
		login += " --url " + s.url()
	}
	s.say("\nWhat to try next, in another terminal:")
	for _, next := range []struct{ command, does string }{
		{login, "sign in as this server's first user"},
		{"call " + simcarrier.NumberBusy + " --wait", "place one more call, to a number that is busy"},
		{"batch submit numbers.csv --wait", "place a whole list; it needs a column phone_number"},
		{"calls list", "see what happened"},
		{"--help", "everything else"},
	} {
		s.say("  %-62s %s", os.Args[0]+" "+next.command, next.does)
	}
	s.say("Ctrl-C stops the server; what was accepted goes on when it starts again.")
}

const defaultListen = "127.0.0.1:8080"
