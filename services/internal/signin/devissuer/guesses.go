package devissuer

import (
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

const (
	// Wrong passwords that one user name may have at once, and the time after which
	// it may have another one.
	guessBurst = 5
	guessEvery = 30 * time.Second
)

// guesses bounds wrong passwords per user name. All names that don't exist share
// one bound. Passwords are checked one after the other, so that guesses sent at
// once can't slip through and don't take all memory.
type guesses struct {
	mu    sync.Mutex
	names map[string]*rate.Limiter
}

// try runs check unless there were too many wrong guesses; then it gives the time
// to wait.
func (g *guesses) try(name string, now time.Time, check func() bool) (right bool, wait time.Duration) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.names == nil {
		g.names = make(map[string]*rate.Limiter)
	}
	limiter, ok := g.names[name]
	if !ok {
		limiter = rate.NewLimiter(rate.Every(guessEvery), guessBurst)
		g.names[name] = limiter
	}
	if left := limiter.TokensAt(now); left < 1 {
		seconds := math.Ceil((1 - left) * guessEvery.Seconds())
		return false, time.Duration(seconds) * time.Second
	}
	if check() {
		return true, 0
	}
	limiter.AllowN(now, 1)
	return false, 0
}

// checkPassword gives the user if name and password fit, and the time to wait if
// there were too many wrong ones. An unknown name takes as long as a known one.
func (i *Issuer) checkPassword(name, password string) (u user, right bool, wait time.Duration, err error) {
	id, err := i.readIdentity()
	if err != nil {
		return user{}, false, 0, err
	}
	u, known := id.user(byName(name))
	hash := u.Password
	if !known {
		hash = id.Users[0].Password
	}
	right, wait = i.guesses.try(u.Name, i.config.Now(), func() bool {
		return hash.matches(password) && known
	})
	return u, right, wait, nil
}
