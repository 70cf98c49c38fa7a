package serve_test

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/contracts/messages"
	"github.com/outdial/outdial/services/internal/serve"
	"github.com/outdial/outdial/services/internal/simcarrier"
	"github.com/outdial/outdial/services/internal/sqlite"
	"github.com/outdial/outdial/services/internal/verify"
)

// lived is a data folder in which calls have ended in several ways, one was
// canceled, and some wait: of a paused list, and for their turn in a stopped lane.
func lived(t *testing.T) (data string, single, list string) {
	t.Helper()
	data = t.TempDir()
	r := start(t, config(data))
	yes, key := true, "a-key"
	params, body := &api.SubmitCallParams{IdempotencyKey: &key}, api.SubmitCallRequest{PhoneNumber: simcarrier.NumberAnswered}
	answer, err := r.client.SubmitCallWithResponse(t.Context(), params, body)
	if err != nil || answer.JSON202 == nil {
		t.Fatalf("submit: %v %s", err, answer.Body)
	}
	single, list = answer.JSON202.ID, r.submitList(12).ID
	r.ended(r.submit(simcarrier.NumberBusy).ID)
	r.ended(single)
	r.completed(list)
	r.setCapacity(api.SetCapacityRequest{Stopped: &yes})
	r.submit(simcarrier.NumberBusy)
	r.cancel(r.submit(simcarrier.NumberBusy).ID)
	waiting := r.submitList(5).ID
	if paused, err := r.client.PauseBatchWithResponse(t.Context(), waiting, nil); err != nil || paused.JSON202 == nil {
		t.Fatalf("pause: %v %s", err, paused.Body)
	}
	eventually(t, "the paused list is expanded", func() (bool, any) {
		w, err := r.client.GetCapacityWithResponse(t.Context(), nil)
		return err == nil && w.JSON200 != nil && w.JSON200.Waiting.Paused == 5, w
	})
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	return data, single, list
}

func verified(t *testing.T, data string) verify.Report {
	t.Helper()
	report, err := serve.Verify(t.Context(), data, time.Millisecond, nil)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// copied is a copy of a data folder, to be corrupted.
func copied(t *testing.T, data string) string {
	t.Helper()
	folder := filepath.Join(t.TempDir(), "data")
	if err := os.CopyFS(folder, os.DirFS(data)); err != nil {
		t.Fatal(err)
	}
	return folder
}

// edit runs SQL in a data folder, as somebody with another program may.
func edit(t *testing.T, data, text string, args ...any) {
	t.Helper()
	db, err := sql.Open("sqlite", filepath.Join(data, "outdial.db"))
	if err != nil {
		t.Fatal(err)
	}
	result, err := db.ExecContext(t.Context(), text, args...)
	if err = errors.Join(err, db.Close()); err != nil {
		t.Fatal(err)
	}
	if n, _ := result.RowsAffected(); n == 0 {
		t.Fatalf("nothing was changed by %s", text)
	}
}

// TestVerifyFindsWhatCantBe: a folder that is all right gives no finding, and each
// corruption is found and named.
func TestVerifyFindsWhatCantBe(t *testing.T) {
	t.Parallel()
	data, single, list := lived(t)
	report := verified(t, data)
	for _, finding := range report.Findings {
		t.Errorf("a folder that is all right: %s", finding)
	}
	if c := report.Checked; c.Calls != 21 || c.Batches != 2 || c.Rows != 17 || c.Dials != 14 || c.Claims != 14 || c.Keys != 1 || c.Steps < 60 {
		t.Errorf("checked %+v", c)
	}
	row := strings.Replace(list, "batch_", "call_", 1) + "-000003"
	log := filepath.Join("carrier", "dials.jsonl")
	set := func(path, value string) func(t *testing.T, data string) {
		return func(t *testing.T, data string) {
			edit(t, data, "UPDATE calls SET record = json_set(record, '"+path+"', json('"+value+"')) WHERE id = ?", single)
		}
	}
	run := func(text string, args ...any) func(*testing.T, string) {
		return func(t *testing.T, data string) { edit(t, data, text, args...) }
	}
	for name, c := range map[string]struct {
		corrupt func(t *testing.T, data string)
		check   string // by which it is found
		says    string // and part of the sentence
	}{
		"a slot that nobody gave back":          {run("UPDATE capacity SET in_use = in_use + 1"), verify.CheckSlots, "1 slots in use, but 0 calls hold one"},
		"a lane that counts one too many":       {run("UPDATE lanes SET ready = ready + 1 WHERE ready = 1"), verify.CheckLanes, "counts open 2 ready, but its calls say open 1 ready"},
		"a lane that nobody closed":             {run("UPDATE lanes SET closed = 0 WHERE closed = 1"), verify.CheckLanes, "but its calls say closed"},
		"an owner that is not in turn":          {run("UPDATE turns SET lanes = 0"), verify.CheckLanes, "is not in turn"},
		"a batch that counts wrongly":           {run("UPDATE batch_counts SET busy = busy + 1 WHERE batch_id = ?", list), verify.CheckBatches, "but its calls and rows are"},
		"a row that has no call":                {run("DELETE FROM calls WHERE id = ?", row), verify.CheckBatches, "no call of its rows 3 to 3"},
		"the last row has no call":              {run("DELETE FROM calls WHERE id = (SELECT max(id) FROM calls WHERE lane = ?)", list), verify.CheckBatches, "is expanded to 12 rows and has 11 calls"},
		"a chunk of rows is gone":               {run("DELETE FROM chunks WHERE batch_id = ?", list), verify.CheckBatches, "accepted 12 rows and has 0"},
		"a call of another number than its row": {run("UPDATE calls SET record = json_set(record, '$.number', '+14155559999') WHERE id = ?", row), verify.CheckBatches, "another line or number than row 3"},
		"a batch that nobody watches": {
			run("UPDATE batches SET record = json_set(record, '$.rows', 13) WHERE id = ?", list), verify.CheckBatches, "it must be due exactly while",
		},
		"a waiting call with a due that is not listed": {
			run("UPDATE calls SET record = json_set(record, '$.due', '2026-01-01T00:00:00Z') WHERE status = 'queued'"), verify.CheckDue, "and not listed: nobody would look",
		},
		"an active call that nobody watches": {
			run("UPDATE calls SET record = json_set(record, '$.status', 'ringing'), status = 'ringing' WHERE id = ?", single), verify.CheckDue, "is ringing and has no due",
		},
		"a claim that is open after the end":    {run("UPDATE claims SET holder = '', nonce = '', task = '', taken_at = NULL, outcome = NULL, reference = '' WHERE call_id = ?", single), verify.CheckClaims, "is not closed, though the call is over"},
		"a claim of a call that is not there":   {run("UPDATE claims SET call_id = 'call_00000000000000000000000000' WHERE call_id = ?", single), verify.CheckClaims, "there is no such attempt"},
		"a claim whose holder is nobody":        {run("UPDATE claims SET nonce = '' WHERE call_id = ?", single), verify.CheckClaims, "doesn't tell its nonce"},
		"a claim that offers another number":    {run("UPDATE claims SET offer = json_set(offer, '$.number', '+14155559999') WHERE call_id = ?", single), verify.CheckClaims, "the person called would be another"},
		"an outcome that is not the claim's":    {run("UPDATE claims SET outcome = json_set(outcome, '$.status', 'busy') WHERE call_id = ?", single), verify.CheckClaims, "makes it busy"},
		"a history without its first entry":     {run("UPDATE calls SET record = json_remove(record, '$.history[0]') WHERE id = ?", single), verify.CheckHistory, "can't follow the beginning"},
		"a history with a step back":            {run("UPDATE calls SET record = json_set(record, '$.history[2].status', 'queued') WHERE id = ?", single), verify.CheckHistory, "can't follow launching"},
		"a history out of the order of time":    {run("UPDATE calls SET record = json_set(record, '$.history[1].at', '2020-01-01T00:00:00Z') WHERE id = ?", single), verify.CheckHistory, "before the one that it follows"},
		"a history that ends otherwise":         {run("UPDATE calls SET record = json_remove(record, '$.history[#-1]') WHERE id = ?", single), verify.CheckHistory, "but its history ends with"},
		"no history at all":                     {set("$.history", "[]"), verify.CheckHistory, "has no history"},
		"an attempt that was not there":         {set("$.attempt", "2"), verify.CheckHistory, "its history ends with completed at attempt 1"},
		"a final call that waits":               {set("$.ready_at", `"2026-01-01T00:00:00Z"`), verify.CheckHistory, "only a queued call does"},
		"an outcome that is missing":            {run("UPDATE calls SET record = json_remove(record, '$.outcome') WHERE id = ?", single), verify.CheckOutcome, "but its outcome is none"},
		"a failure of a call that did not fail": {set("$.failure", `{"reason":"agent_lost","message":""}`), verify.CheckOutcome, "exactly a failed call must have a failure"},
		"a dial too many in the record":         {set("$.dials", "2"), verify.CheckDials, "counts 2 dials, but by its claims 1 attempts dialed"},
		"a column that differs from its record": {run("UPDATE calls SET status = 'failed' WHERE id = ?", single), verify.CheckFile, "call " + single + ": its columns differ"},
		"a key whose call is not there":         {run("UPDATE keys SET location = '/v1/calls/call_00000000000000000000000000'"), verify.CheckKeys, `the idempotency key "a-key"`},
		"a message that nobody can read":        {run("INSERT INTO messages (queue, visible_at, sent_at, grp, body) VALUES ('calls', 0, 0, '', x'78')"), verify.CheckMessages, "can't be read"},
		"a message about no call": {
			run(`INSERT INTO messages (queue, visible_at, sent_at, grp, body) VALUES ('calls', 0, 0, '', CAST(? AS BLOB))`,
				string(messages.Job{CallID: "call_00000000000000000000000000", Attempt: 1}.Encode())),
			verify.CheckMessages, "which is not there",
		},
		"an attempt that dialed twice": {again(log, single, ""), verify.CheckCarrier, "was dialed again"},
		"a dial of nobody's claim":     {again(log, single, `"attempt":1=>"attempt":2`), verify.CheckCarrier, "though no agent holds its claim"},
		"a dial by another agent":      {replaced(log, single, `"nonce":"=>"nonce":"x`), verify.CheckCarrier, "by another than its claim's holder"},
		"a dial that is not in the log": {
			func(t *testing.T, data string) {
				change(t, filepath.Join(data, log), func([]byte) []byte { return nil })
			}, verify.CheckCarrier, "but the carrier has no such dial",
		},
		"an end that the carrier did not see": {replaced(log, single, `"status":"completed"=>"status":"busy"`), verify.CheckCarrier, "but the carrier's log says busy"},
		"a dial that goes on after its end":   {replaced(log, single, `"end_at":"20=>"end_at":"21`), verify.CheckCarrier, "its slot went back too early"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			folder := copied(t, data)
			c.corrupt(t, folder)
			report := verified(t, folder)
			for _, finding := range report.Findings {
				if finding.Check == c.check && strings.Contains(finding.Sentence, c.says) {
					return
				}
			}
			t.Errorf("found %v; looked for %s: …%s…", report.Findings, c.check, c.says)
		})
	}
}

// again adds the line of a call to the log once more, with a change.
func again(log, callID, swap string) func(*testing.T, string) {
	return func(t *testing.T, data string) {
		change(t, filepath.Join(data, log), func(all []byte) []byte {
			return append(all, swapped(lineOf(all, callID), swap)...)
		})
	}
}

// replaced changes the line of a call in the log.
func replaced(log, callID, swap string) func(*testing.T, string) {
	return func(t *testing.T, data string) {
		change(t, filepath.Join(data, log), func(all []byte) []byte {
			line := lineOf(all, callID)
			return bytes.Replace(all, line, swapped(line, swap), 1)
		})
	}
}

func lineOf(all []byte, callID string) []byte {
	for line := range bytes.Lines(all) {
		if bytes.Contains(line, []byte(callID)) {
			return bytes.Clone(line)
		}
	}
	return nil
}

// swapped replaces "old=>new".
func swapped(line []byte, swap string) []byte {
	old, replacement, ok := strings.Cut(swap, "=>")
	if !ok {
		return line
	}
	return bytes.Replace(line, []byte(old), []byte(replacement), 1)
}

func change(t *testing.T, path string, edit func([]byte) []byte) {
	t.Helper()
	before, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	after := edit(bytes.Clone(before))
	if bytes.Equal(before, after) {
		t.Fatalf("%s was not changed", path)
	}
	if err := os.WriteFile(path, after, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestVerifyOfARunningServerFindsNothing(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	id := r.submitList(30).ID
	talk := r.submit(simcarrier.NumberLongTalk).ID
	looks := 0
	eventually(t, "the batch is completed", func() (bool, any) {
		looks++
		for _, finding := range verified(t, r.data).Findings {
			t.Error(finding)
		}
		b := r.batch(id)
		return b.Status == api.BatchStatusCompleted, b.Counts
	})
	if looks < 2 {
		t.Errorf("looked %d times only", looks)
	}
	r.ended(talk) // no agent is left behind
}

func TestVerifyChangesNothing(t *testing.T) {
	t.Parallel()
	data, _, _ := lived(t)
	database := filepath.Join(data, "outdial.db")
	before, err := os.ReadFile(database)
	if err != nil {
		t.Fatal(err)
	}
	verified(t, data)
	after, err := os.ReadFile(database)
	if err != nil || !bytes.Equal(before, after) {
		t.Errorf("the data file is another than before (%v)", err)
	}
}

func TestWhatIsNoDataFolderIsNotVerified(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		make func(t *testing.T, data string)
		want error
	}{
		"no folder":       {func(t *testing.T, data string) { must(t, os.Remove(data)) }, serve.ErrNoFolder},
		"an empty folder": {func(*testing.T, string) {}, sqlite.ErrNoFile},
		"a file that is not ours": {
			func(t *testing.T, data string) {
				must(t, os.WriteFile(filepath.Join(data, "outdial.db"), bytes.Repeat([]byte("no database "), 100), 0o600))
			}, sqlite.ErrForeign,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			data := filepath.Join(t.TempDir(), "data")
			must(t, os.Mkdir(data, 0o700))
			c.make(t, data)
			if _, err := serve.Verify(context.Background(), data, 0, nil); !errors.Is(err, c.want) {
				t.Errorf("got %v, want %v", err, c.want)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
