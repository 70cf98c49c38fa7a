package world

import "testing"

// CLI runs a command of the command line as the caller, without a login. It has to
// succeed, and what it prints is given.
func (c Caller) CLI(t testing.TB, args ...string) string {
	t.Helper()
	program, err := commandLine()
	if err != nil {
		t.Fatal(err)
	}
	s := &Terminal{w: c.w, program: program, env: []string{"HOME=" + t.TempDir(), "OUTDIAL_URL=" + c.w.Gateway.URL, "OUTDIAL_TOKEN=" + c.token}}
	got := s.Run(t, args...)
	if got.Code != 0 {
		t.Fatalf("outdial %v: %s", args, got)
	}
	return got.Out
}
