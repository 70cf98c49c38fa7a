package serve

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/capacity"
	"github.com/outdial/outdial/services/internal/httpapi"
	"github.com/outdial/outdial/services/internal/intake"
	"github.com/outdial/outdial/services/internal/queue"
	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

func (s *server) openHTTP(ctx context.Context) error {
	verifier, err := s.verifier()
	if err != nil {
		return err
	}
	numbers, err := s.numbers()
	if err != nil {
		return err
	}
	console, err := s.console(ctx)
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.Handle("/", console)
	calls := s.api(verifier, numbers).Handler()
	mux.Handle(api.BasePath, calls)
	mux.Handle(api.BasePath+"/", calls)
	if s.issuer != nil {
		mux.Handle(s.issuer.Path()+"/", s.issuer.Handler())
	}
	s.http = &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 10 * time.Second,
		ReadTimeout:       time.Minute,
		WriteTimeout:      time.Minute,
		IdleTimeout:       2 * time.Minute,
		ErrorLog:          slog.NewLogLogger(s.log.Handler(), slog.LevelWarn),
	}
	return nil
}

func (s *server) verifier() (*signin.Verifier, error) {
	config := signin.Config{Issuer: s.Issuer, Audiences: s.Audiences, ClientIDs: s.ClientIDs, GroupsClaim: s.Groups}
	if s.issuer != nil {
		config = signin.Config{Issuer: s.url() + IssuerPath, ClientIDs: devissuer.ClientIDs()}
	}
	return signin.New(config, signin.Options{Log: s.log})
}

func (s *server) api(verifier *signin.Verifier, numbers intake.NumberPolicy) *httpapi.Server {
	jobs := queue.JobSender{Queue: s.db}
	return &httpapi.Server{
		Store: s.db,
		Intake: &intake.Service{
			Store: s.db, Jobs: jobs, Looks: queue.EventSender{Queue: s.db}, Now: time.Now, NewULID: newULID, Log: s.log,
			Numbers: numbers,
		},
		Control:     s.tracker(),
		DeadLetters: s.deadLetters(),
		Capacity:    &capacity.Service{Store: s.db, Jobs: jobs, Now: time.Now, Log: s.log},
		SignIn:      verifier, Now: time.Now, NewULID: newULID, Log: s.log, AllowedOrigins: s.Origins, Prices: s.Prices,
	}
}

// apiURL is where clients send requests.
func (s *server) apiURL() string { return s.url() + api.BasePath }
