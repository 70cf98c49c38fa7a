package signin_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/services/internal/signin"
	"github.com/outdial/outdial/services/internal/signin/signintest"
)

func TestATokenThatWasAcceptedIsRefusedOnceItIsGoodNoMore(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		change func(b *bench, token string) string
		want   signin.Code
	}{
		{"its time is over", func(b *bench, token string) string {
			b.pass(3 * time.Hour)
			return token
		}, signin.CodeExpired},
		{"its key is withdrawn", func(b *bench, token string) string {
			b.Publish(signintest.Public("key-2", signintest.OtherKey()))
			b.pass(16 * time.Minute)
			return token
		}, signin.CodeUnknownKey},
		{"its key's id stands for another key", func(b *bench, token string) string {
			b.Publish(signintest.Public(signintest.KeyID, signintest.OtherKey()))
			b.pass(16 * time.Minute)
			return token
		}, signin.CodeBadSignature},
		{"the signature is that of another", func(_ *bench, token string) string {
			return token[:strings.LastIndex(token, ".")+1] + strings.Repeat("A", 342)
		}, signin.CodeBadSignature},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			token := signintest.Sign(t, b.Person("anna", signin.ScopeRead, b.clock(), nil))
			for range 2 {
				if p, err := b.Verify(t.Context(), token); err != nil || p.Owner != "anna" {
					t.Fatalf("gave %+v and %v, want anna", p, err)
				}
			}
			p, err := b.Verify(t.Context(), c.change(b, token))
			var refused *signin.Error
			if !errors.As(err, &refused) || refused.Code != c.want || p.Owner != "" {
				t.Errorf("gave %+v and %v, want %s", p, err, c.want)
			}
		})
	}
}
