package e2e_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"

	"github.com/outdial/outdial/e2e/internal/ecs"
	"github.com/outdial/outdial/e2e/internal/world"
)

// TestTheCommandLineSignsInToAStackAndRedrivesADeadLetter, as the first user, whom
// the stack invites and makes an administrator.
func TestTheCommandLineSignsInToAStackAndRedrivesADeadLetter(t *testing.T) {
	t.Parallel()
	w := world.Start(t, world.Parameters{"CliCallbackUrl": world.FreeAddress(t)})
	w.ECS.Refuse(ecs.Invalid)
	ada, shell := w.FirstUser(t), w.Terminal(t)

	if got := shell.Run(t, "calls", "list"); got.Code != 3 || !strings.Contains(got.Err, "you are not signed in") {
		t.Errorf("before the sign-in: %s", got)
	}
	got, page := shell.Login(t, ada.Email, ada.Password)
	if got.Code != 0 || got.Out != "Signed in to "+w.Gateway.URL+".\n" || !strings.Contains(page, "You are signed in") {
		t.Fatalf("login: %s\n%s", got, page)
	}

	call := world.RunJSON[api.Call](t, shell, "call", answered)
	if got := shell.Run(t, "calls", "watch", call.ID); got.Code != 6 {
		t.Errorf("a call that ECS refuses for good: %s", got)
	}
	dead := world.RunJSON[api.CallList](t, shell, "dead-letters", "list", "--cause", "launch_refused")
	if len(dead.Calls) != 1 || dead.Calls[0].ID != call.ID {
		t.Errorf("the dead letters are %+v", dead)
	}
	again := world.RunJSON[api.RedriveResult](t, shell, "dead-letters", "redrive", call.ID)
	if len(again.Redriven) != 1 || again.Redriven[0] != call.ID {
		t.Errorf("redriven: %+v", again)
	}
	if got := shell.Run(t, "calls", "watch", call.ID); got.Code != 0 {
		t.Errorf("the call that was redriven: %s", got)
	}
	call = world.RunJSON[api.Call](t, shell, "calls", "get", call.ID)
	if call.Status != api.CallStatusCompleted || call.Attempt != 2 || call.Dials != 1 {
		t.Errorf("the call is %+v", call)
	}
	if got := shell.Run(t, "dead-letters", "redrive", call.ID); got.Code != 5 {
		t.Errorf("a second redrive: %s", got)
	}
}

func TestSomebodyWhoIsNoAdministratorSignsInAndRedrivesNothing(t *testing.T) {
	t.Parallel()
	w := world.Start(t, world.Parameters{"CliCallbackUrl": world.FreeAddress(t)})
	eve, shell := w.Invite("eve@example.com"), w.Terminal(t)

	if got, page := shell.Login(t, eve.Email, "a guess"); got.Code == 0 || page != "Incorrect username or password.\n" {
		t.Errorf("a wrong password: %s\n%s", got, page)
	}
	if got, _ := shell.Login(t, eve.Email, eve.Password); got.Code != 0 {
		t.Fatalf("login: %s", got)
	}
	if got := shell.Run(t, "calls", "list"); got.Code != 0 {
		t.Errorf("her own calls: %s", got)
	}
	for _, args := range [][]string{{"dead-letters", "list"}, {"dead-letters", "redrive", "--all"}, {"capacity", "set", "--limit", "1"}} {
		if got := shell.Run(t, args...); got.Code != 3 {
			t.Errorf("outdial %s: %s", strings.Join(args, " "), got)
		}
	}
	// More than Lambda takes is refused by API Gateway, which knows no problem documents.
	list := filepath.Join(t.TempDir(), "list.csv")
	row := "+12025550100,\"" + strings.Repeat("x", 40) + "\"\n"
	text := "phone_number,note\n" + strings.Repeat(row, (api.MaxBodyBytes-1000)/len(row))
	if err := os.WriteFile(list, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shell.Run(t, "batch", "submit", list); got.Code != 5 || !strings.Contains(got.Err, "413") || !strings.Contains(got.Err, "several parts") {
		t.Errorf("a list that is too large: %s", got)
	}
}

// TestAProgramSignsInWithItsSecret and sees its own calls, as what it may ask for
// has no calls/admin in it.
func TestAProgramSignsInWithItsSecret(t *testing.T) {
	t.Parallel()
	w := world.Start(t, nil)
	form := url.Values{"grant_type": {"client_credentials"}, "scope": {"calls/read calls/write"}}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.Pool.LoginURL()+"/oauth2/token", strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.SetBasicAuth(w.ProgramsClient.ID, w.ProgramsClient.Secret)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%s %v", answer.Status, err)
	}
	program, ada := w.WithToken(got.Token), w.Person("ada")
	call := program.Submit(t, answered)
	program.Becomes(t, call.ID, api.CallStatusCompleted)
	for who, c := range map[string]world.Caller{"somebody else": ada, "nobody": w.WithToken("")} {
		other, err := c.Request(t.Context(), http.MethodGet, "/calls/"+call.ID, nil)
		if err != nil || other.Status == http.StatusOK {
			t.Errorf("%s reads it: %d %v", who, other.Status, err)
		}
	}
	forbidden, err := program.Request(t.Context(), http.MethodGet, "/dead-letters", nil)
	if err != nil || forbidden.Status != http.StatusForbidden {
		t.Errorf("the dead letters: %d %v", forbidden.Status, err)
	}
	if s := fmt.Sprint(w.Gateway.Seen()); !strings.Contains(s, "GET /v1/dead-letters 403") {
		t.Errorf("API Gateway saw %s", s)
	}
}
