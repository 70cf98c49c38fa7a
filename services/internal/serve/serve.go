package serve

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"time"

	"github.com/oklog/ulid/v2"

	"github.com/outdial/outdial/services/internal/call"
	"github.com/outdial/outdial/services/internal/filelock"
	"github.com/outdial/outdial/services/internal/localtask"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/internal/simcarrier"
	"github.com/outdial/outdial/services/internal/sqlite"
)

// timing is call.DefaultTiming for processes that start in a moment and events
// that come at once.
func timing() call.Timing {
	return call.Timing{
		Resend: 5 * time.Second,
		Start:  30 * time.Second,
		Ring:   time.Minute,
		Grace:  15 * time.Second,
		Look:   15 * time.Second,
		Cancel: 3 * time.Second,
		Settle: 5 * time.Second,
	}
}

// Run serves until ctx ends. It then takes no more requests, finishes what is
// under way and leaves calls to their agents, which outlive it.
func Run(ctx context.Context, c Config) (err error) {
	if err := c.Validate(); err != nil {
		return err
	}
	s := &server{Config: c, log: newLog(c)}
	defer func() { err = errors.Join(err, s.close()) }()
	if err := s.open(ctx); err != nil {
		return err
	}
	return s.run(ctx)
}

// server is what a running `outdial serve` holds. closers are run in reverse.
type server struct {
	Config
	log      *slog.Logger
	listener net.Listener
	db       *sqlite.DB
	carrier  *simcarrier.Carrier
	tasks    *localtask.Tasks
	issuer   *devissuer.Issuer // nil with another issuer
	first    *devissuer.FirstStart
	http     *http.Server
	closers  []func() error
}

// open takes everything that can fail before anything is served.
func (s *server) open(ctx context.Context) error {
	steps := []func(context.Context) error{
		s.openFolder, s.openListener, s.openIssuer, s.openCarrier, s.openStore, s.openTasks, s.openHTTP,
	}
	for _, step := range steps {
		if err := step(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (s *server) close() error {
	var err error
	for _, closer := range slices.Backward(s.closers) {
		err = errors.Join(err, closer())
	}
	return err
}

// openFolder makes the data folder and takes its lock: two servers on one folder
// would not know of each other's tasks.
func (s *server) openFolder(ctx context.Context) error {
	for _, dir := range []string{s.Data, s.tasksDir(), s.carrierDir()} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			return fmt.Errorf("the data folder can't be made: %w. Choose another with --data, or make this one writable", err)
		}
	}
	lock, err := os.OpenFile(s.lockFile(), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("the data folder can't be used: %w", err)
	}
	s.closers = append(s.closers, lock.Close)
	free, err := takeFolder(ctx, lock)
	if err != nil {
		return fmt.Errorf("the data folder can't be locked: %w", err)
	}
	if !free {
		return fmt.Errorf("another `outdial serve` uses the data folder %s. Stop it, or choose another folder with --data", s.Data)
	}
	return nil
}

// takeFolder waits a moment for the lock of a server that was just killed: the
// process of an agent that it was about to start has the lock until it is that agent.
func takeFolder(ctx context.Context, lock *os.File) (free bool, err error) {
	for deadline := time.Now().Add(2 * time.Second); ; {
		free, err = filelock.TryExclusive(lock)
		if free || err != nil || time.Now().After(deadline) {
			return free, err
		}
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func (s *server) openListener(ctx context.Context) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", s.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%s is taken by another program. Stop it, or choose another port with --listen", s.Listen)
	}
	if err != nil {
		return fmt.Errorf("can't listen on %s: %w", s.Listen, err)
	}
	s.listener = listener
	s.closers = append(s.closers, func() error { return ignoreClosed(listener.Close()) })
	return nil
}

func ignoreClosed(err error) error {
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (s *server) openIssuer(context.Context) error {
	if s.Issuer != "" {
		return nil
	}
	var err error
	redirects, returns := consoleURLs(append([]string{s.url()}, s.Origins...))
	s.issuer, s.first, err = devissuer.Open(devissuer.Config{
		Dir: IssuerDir(s.Data), Issuer: s.url() + IssuerPath, Log: s.log,
		ConsoleRedirects: redirects, ConsoleReturns: returns, Origins: s.Origins,
	})
	return err
}

func (s *server) openCarrier(context.Context) error {
	s.Carrier.Dir = s.carrierDir()
	var err error
	s.carrier, err = simcarrier.Open(s.Carrier, time.Now)
	return err
}

func (s *server) openStore(ctx context.Context) error {
	db, err := sqlite.Open(ctx, sqlite.Options{
		Path:     s.database(),
		Capacity: call.Capacity{Limit: s.Limit, Rate: s.Rate, Version: 1, UpdatedAt: time.Now().UTC().Truncate(time.Millisecond)},
	})
	if err != nil {
		return err
	}
	s.db = db
	s.closers = append(s.closers, db.Close)
	return db.ReturnReceived(ctx) // of a server that was killed: this folder has one at a time
}

// url is where the server is reached.
func (s *server) url() string { return "http://" + s.listener.Addr().String() }

func newULID() string { return ulid.MustNew(ulid.Now(), rand.Reader).String() }
