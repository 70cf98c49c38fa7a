// Package sqlite keeps all of Outdial in one SQLite file: it is the store and the
// queue of a server on one machine, and of the agents of its calls, which are
// processes of their own on the same file.
//
// # Writing
//
// Every write of a process goes through one goroutine (writer). A commit costs a
// flush of the disk (synchronous=FULL), however much it holds, so all writes that
// wait while one group is written are the next group: one transaction, one
// commit, and then an answer to each. In a group each write first reads and
// checks all it needs, by the rules of package call, and writes only when nothing
// refuses it. A write that fails after it has written something rolls the group
// back, and each is then written alone.
//
// The answers: nil and a refusal are certain. call.ErrUnclear comes only from a
// commit that failed, since what a restart will find in the log isn't known then.
// Any other error means that nothing was written; the errors of this package say
// what is wrong with the file and what to do about it.
//
// Among processes SQLite's lock decides, and a turnstile sees to it that none of
// them starves.
//
// # Reading
//
// The file is in WAL mode: a read is one statement, sees the last commit, and
// waits for no writer. Whatever is asked for while calls run goes through an
// index in the order that is asked for, so that nothing costs more when 100,000
// calls wait.
//
// # The file
//
//	calls         one row per call     by id; owner, status; status; number; ready in lane; due; dead letters
//	claims        one per attempt      by call, attempt
//	lanes         one per lane         by owner, batch; in turn by owner; with waiting calls
//	turns         one per owner        by owner; in turn
//	capacity      one
//	batches       one per batch        by id; owner; due
//	batch_counts  one per batch        by batch
//	chunks        rows of batches      by batch, n
//	refused       refused rows         by batch, n
//	chunk_expiry  not yet accepted     by batch; time
//	redrives      one per redrive      by id; due
//	samples       what was so once     by batch or capacity, minute; minute
//	last_samples  one
//	keys          idempotency keys     by owner, key; time
//	messages      of all queues        by id; queue, time visible
//
// Beside it SQLite keeps FILE-wal and FILE-shm, and the turnstile FILE-turn. They
// belong to the file: copy or restore all of them together, and only while no
// process runs.
package sqlite
