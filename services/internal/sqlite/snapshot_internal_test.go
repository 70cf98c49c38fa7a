package sqlite

import (
	"context"
	"testing"
	"time"
)

// A connection that was given up may not be replaced: the next would see another moment.
func TestASnapshotWhoseReadWasInterruptedShowsNothingLater(t *testing.T) {
	t.Parallel()
	db := openFile(t, Options{})
	s, err := OpenSnapshot(t.Context(), db.o.Path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := db.Apply(t.Context(), newCall(1)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	var n int
	endless := "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
	if err := s.reads.QueryRowContext(ctx, endless).Scan(&n); err == nil {
		t.Fatal("the read was not interrupted")
	}
	if c, err := s.Call(t.Context(), newCall(1).After.ID); err == nil {
		t.Errorf("a call is shown that came later: %+v", c)
	}
}
