package devissuer_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/signin/devissuer"
)

// FuzzTokenForm: whatever is posted to the token endpoint or to the one that
// revokes, it is answered by a token to the machine client that knows its secret,
// or by an error as RFC 6749, section 5.2 has it, and never by an error of ours.
func FuzzTokenForm(f *testing.F) {
	for _, form := range []string{
		"grant_type=client_credentials&client_id=MACHINE&client_secret=SECRET&scope=calls/read",
		"grant_type=client_credentials&client_id=MACHINE&client_secret=SECRET&scope=calls/read+openid",
		"grant_type=client_credentials&client_id=MACHINE&client_secret=guessed",
		"grant_type=client_credentials&client_id=" + devissuer.ClientCLI,
		"grant_type=authorization_code&client_id=" + devissuer.ClientCLI + "&code=c&redirect_uri=http://127.0.0.1:1/callback&code_verifier=" + verifier,
		"grant_type=refresh_token&client_id=" + devissuer.ClientCLI + "&refresh_token=r.s",
		"token=a.b.c&client_id=" + devissuer.ClientCLI, "token=x&client_id=" + devissuer.ClientCLI, "grant_type=&grant_type=", "%zz", "a;b", "",
	} {
		f.Add("/oauth2/token", "application/x-www-form-urlencoded", "", form)
		f.Add("/oauth2/revoke", "application/x-www-form-urlencoded; charset=utf-8", "Basic TUFDSElORTpTRUNSRVQ=", form)
	}
	f.Add("/oauth2/token", "application/json", "Basic %", `{"grant_type":"client_credentials"}`)
	f.Fuzz(func(t *testing.T, path, mediaType, authorization, form string) {
		b := newBench(t)
		machine, secret := devissuer.ClientMachine, b.first.MachineSecret
		form = strings.NewReplacer("MACHINE", machine, "SECRET", secret).Replace(form)
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, b.config.Issuer+"/", strings.NewReader(form))
		r.URL.Path = "/dev-issuer" + path
		r.RemoteAddr = "127.0.0.1:1"
		r.Header["Content-Type"] = []string{mediaType}
		if authorization != "" {
			r.Header["Authorization"] = []string{authorization}
		}
		w := httptest.NewRecorder()
		b.Handler().ServeHTTP(w, r)
		if w.Code >= http.StatusInternalServerError {
			t.Fatalf("%s answers %d: %s", path, w.Code, w.Body)
		}
		if path != "/oauth2/token" || w.Code != http.StatusOK {
			return
		}
		sent, err := url.ParseQuery(form)
		if err != nil || sent.Get("client_secret") != secret || sent.Get("grant_type") != "client_credentials" {
			t.Errorf("a token is given for %q: %s", form, w.Body)
		}
	})
}
