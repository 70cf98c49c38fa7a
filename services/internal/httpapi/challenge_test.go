package httpapi_test

import (
	"net/http"
	"regexp"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/signin"
)

// errorChallenge is RFC 6750, section 3: error and error_description, of
// characters that need no escape.
var errorChallenge = regexp.MustCompile(`^Bearer error="invalid_token", error_description="[ !#-\[\]-~]+"$`)

// rightChallenge: who sent no token hears nothing but how to send one (RFC 6750, 3.1).
func rightChallenge(challenge string, code signin.Code) bool {
	if code == signin.CodeMissing || code == signin.CodeNotBearer {
		return challenge == "Bearer"
	}
	return errorChallenge.MatchString(challenge)
}

func TestAnIssuerThatIsAwayIsNotTheClientsFault(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	b.issuer.Answer(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) })
	got := b.anna.get("/v1/calls").is(http.StatusServiceUnavailable)
	got.refused(api.ProblemCodeUnavailable, "-")
	if got.header.Get("WWW-Authenticate") != "" {
		t.Error("the client is asked to sign in again")
	}
}
