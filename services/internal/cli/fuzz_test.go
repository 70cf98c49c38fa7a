package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzConfigFile: whatever stands in the config file and in the variables that
// beat it, the command ends with one of its exit codes and a sentence, and shows
// no token. (None of the servers that it may name is there.)
func FuzzConfigFile(f *testing.F) {
	for _, file := range []string{
		"", "{}", "null", "[]", `{"url":"http://127.0.0.1:1","login":{"access_token":"file-token-0123456789"}}`, `{"url":"http://127.0.0.1:1/v1/"}`, `{"login":{"data":"/nowhere"}}`,
		`{"url":"http://127.0.0.1:1","login":{"issuer":"http://127.0.0.1:1","client_id":"c","refresh_token":"r-0123456789","expires_at":"2020-01-01T00:00:00Z"}}`,
		`{"url":"ftp://x"}`, `{"url":"http://[::1"}`, `{"url":7}`, `{"login":{"access_token":"a\nb","expires_at":"x"}}`, "\xff",
	} {
		f.Add([]byte(file), "", "")
		f.Add([]byte(file), "http://127.0.0.1:1", "env-token-0123456789")
		f.Add([]byte(file), "http://127.0.0.1:1/?x", "a b")
	}
	f.Fuzz(func(t *testing.T, file []byte, url, token string) {
		b := newBench(t, nil)
		b.env["OUTDIAL_URL"], b.env["OUTDIAL_TOKEN"] = url, token
		b.keepRaw(t, file)
		got := b.run(t, "logout") // reads and writes the file, and asks nobody
		if got.code == 0 && b.run(t, "logout").code != 0 {
			t.Errorf("what was written can't be read again: %s", got.err)
		}
		b.keepRaw(t, file)
		for _, args := range [][]string{{"token"}, {"calls", "get", callID}} {
			if !elsewhere(string(file) + url) {
				got := b.run(t, args...)
				checkOutcome(t, args, got, string(file)+token)
			}
		}
	})
}

// elsewhere tells whether what is said may name a server that somebody runs.
func elsewhere(said string) bool {
	return strings.Contains(strings.ReplaceAll(said, "http://127.0.0.1:1", ""), "://")
}

func checkOutcome(t *testing.T, args []string, got outcome, said string) {
	t.Helper()
	if got.code < 0 || got.code > 7 || got.code != 0 && strings.TrimSpace(got.err) == "" {
		t.Errorf("%v ends with %d: %s", args, got.code, got.err)
	}
	for word := range strings.FieldsFuncSeq(said, func(c rune) bool { return c == '"' || c == ' ' }) {
		if strings.HasSuffix(word, "-0123456789") && strings.Contains(got.err, word) {
			t.Errorf("%v shows the token %s: %s", args, word, got.err)
		}
	}
}

func (b *bench) keepRaw(t *testing.T, file []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(b.config()), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(b.config(), file, 0o600); err != nil {
		t.Fatal(err)
	}
}
