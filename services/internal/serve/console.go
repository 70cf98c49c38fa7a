package serve

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/signin/devissuer"
	"github.com/outdial/outdial/services/internal/signin/discovery"
	"github.com/outdial/outdial/services/web"
)

// console serves the pages, whose API is this server.
func (s *server) console(ctx context.Context) (http.Handler, error) {
	config := web.Config{
		API: api.BasePath, Issuer: s.Issuer, ClientID: s.consoleClient(), Scopes: web.DefaultScopes,
		GroupsClaim: s.Groups, Simulated: true,
	}
	if s.issuer == nil {
		s.askIssuer(ctx, &config)
		return web.Handler(config)
	}
	config.Issuer, config.ClientID = s.url()+IssuerPath, devissuer.ClientConsole
	pages, err := web.Handler(config)
	if err != nil {
		return nil, err
	}
	return s.atOwnAddress(pages), nil
}

// askIssuer takes from an issuer of somebody else's what differs between issuers. An
// issuer that is away now keeps nobody from starting the server.
func (s *server) askIssuer(ctx context.Context, config *web.Config) {
	client := &http.Client{Timeout: 5 * time.Second}
	doc, err := discovery.Fetch(ctx, discovery.WithoutRedirects(client), s.Issuer)
	if err != nil {
		s.log.WarnContext(ctx, "the issuer says nothing about itself: the console may not be able to sign in until the server is started again", "cause", err)
		return
	}
	config.TokenEndpoint = doc.TokenEndpoint
	if len(doc.ScopesSupported) > 0 && !slices.Contains(doc.ScopesSupported, "offline_access") {
		config.Scopes = strings.Replace(config.Scopes, "offline_access ", "", 1) // an unknown scope is refused
	}
	// Cognito's sign-out takes other parameters than the standard's.
	if strings.HasPrefix(s.Issuer, "https://cognito-idp.") {
		config.Logout = doc.EndSessionEndpoint
	}
}

// consoleClient is the console's client at an issuer of somebody else's. Where none
// is named, the pages say at sign-in what the issuer says to that.
func (s *server) consoleClient() string {
	switch {
	case s.ConsoleClient != "":
		return s.ConsoleClient
	case len(s.ClientIDs) == 1:
		return s.ClientIDs[0]
	default:
		return devissuer.ClientConsole
	}
}

// atOwnAddress sends whoever comes by another name of this machine, such as
// localhost, to the address that the development issuer knows the console by:
// sign-in leads back to no other.
func (s *server) atOwnAddress(pages http.Handler) http.Handler {
	own := s.listener.Addr().String()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != own && (r.Method == http.MethodGet || r.Method == http.MethodHead) {
			http.Redirect(w, r, s.url()+r.URL.RequestURI(), http.StatusTemporaryRedirect) //nolint:gosec // G710: our own address
			return
		}
		pages.ServeHTTP(w, r)
	})
}

// consoleURLs are where sign-in and sign-out lead back to, for a console at each
// of these origins.
func consoleURLs(origins []string) (redirects, returns []string) {
	for _, origin := range origins {
		redirects = append(redirects, origin+web.PathSignedIn)
		returns = append(returns, origin+web.PathSignedOut)
	}
	return redirects, returns
}
