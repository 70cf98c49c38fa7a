package serve_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/simcarrier"

	_ "modernc.org/sqlite" // the other program that locks the file
)

func TestALockedDatabaseIsAnsweredWithWhatToDoAndLosesNothing(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	earlier := r.submit(simcarrier.NumberLongTalk)
	other, err := sql.Open("sqlite", filepath.Join(r.data, "outdial.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	conn, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := conn.ExecContext(t.Context(), "PRAGMA busy_timeout = 10000; BEGIN IMMEDIATE"); err != nil {
		t.Fatal(err)
	}
	key := "the-same-key"
	params, body := &api.SubmitCallParams{IdempotencyKey: &key}, api.SubmitCallRequest{PhoneNumber: simcarrier.NumberBusy}
	answer, err := r.client.SubmitCallWithResponse(t.Context(), params, body)
	if err != nil || answer.ApplicationProblemJSON503 == nil {
		t.Fatalf("while the file is locked: %v %s, want 503", err, answer.Body)
	}
	if p := answer.ApplicationProblemJSON503; !strings.Contains(p.Detail, "locked by another program") {
		t.Errorf("the problem says %q, want what to do", p.Detail)
	}
	if answer.HTTPResponse.Header.Get("Retry-After") == "" {
		t.Error("there is no Retry-After")
	}
	if _, err := conn.ExecContext(t.Context(), "ROLLBACK"); err != nil {
		t.Fatal(err)
	}
	answer, err = r.client.SubmitCallWithResponse(t.Context(), params, body)
	if err != nil || answer.JSON202 == nil {
		t.Fatalf("after that: %v %s, want 202", err, answer.Body)
	}
	r.ended(answer.JSON202.ID)
	r.ended(earlier.ID)
}
