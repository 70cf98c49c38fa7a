package signin

import (
	"errors"
	"fmt"
	"slices"

	"github.com/outdial/outdial/services/internal/signin/discovery"
)

// DefaultGroupsClaim is the claim in which Cognito names a person's groups.
const DefaultGroupsClaim = "cognito:groups"

// Config says whose tokens are accepted.
type Config struct {
	// Issuer is the issuer's URL, exactly as its tokens write it in iss.
	Issuer string
	// JWKSURL is where the issuer's keys are. Empty: where its discovery
	// document says.
	JWKSURL string
	// Audiences are the values of aud that mean this API. A client's id is none:
	// it is the audience of ID tokens.
	Audiences []string
	// ClientIDs are the clients whose tokens are accepted without aud, as
	// Cognito's are.
	ClientIDs []string
	// GroupsClaim is the claim with the list of a person's groups. Empty:
	// DefaultGroupsClaim.
	GroupsClaim string
}

// Validate reports every mistake at once, by the field's name.
func (c Config) Validate() error {
	var mistakes []error
	mistake := func(format string, args ...any) {
		mistakes = append(mistakes, fmt.Errorf(format, args...))
	}
	if c.Issuer == "" {
		mistake("Issuer is missing: give the URL that tokens carry in iss")
	} else if err := discovery.CheckURL(c.Issuer); err != nil {
		mistake("Issuer: %w", err)
	}
	if c.JWKSURL != "" {
		if err := discovery.CheckURL(c.JWKSURL); err != nil {
			mistake("JWKSURL: %w", err)
		}
	}
	if len(c.Audiences) == 0 && len(c.ClientIDs) == 0 {
		mistake("Audiences and ClientIDs are both empty: give at least one, or no token would be accepted")
	}
	if slices.Contains(c.Audiences, "") {
		mistake("Audiences has an empty entry")
	}
	if slices.Contains(c.ClientIDs, "") {
		mistake("ClientIDs has an empty entry")
	}
	for _, audience := range c.Audiences {
		if audience != "" && slices.Contains(c.ClientIDs, audience) {
			mistake("Audiences: %q is a client's id too, and with it ID tokens would be accepted: give the API an audience of its own", audience)
		}
	}
	return errors.Join(mistakes...)
}
