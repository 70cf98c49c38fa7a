package main

import (
	"errors"
	"sync/atomic"

	"modernc.org/sqlite"
)

// committed counts the transactions that all connections of this process have written.
var committed atomic.Int64

func init() {
	sqlite.RegisterConnectionHook(func(conn sqlite.ExecQuerierContext, _ string) error {
		hooks, ok := conn.(sqlite.HookRegisterer)
		if !ok {
			return errors.New("the driver can't tell of commits")
		}
		hooks.RegisterCommitHook(func() int32 {
			committed.Add(1)
			return 0 // the commit goes on
		})
		return nil
	})
}
