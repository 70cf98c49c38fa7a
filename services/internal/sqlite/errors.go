package sqlite

import (
	"errors"
	"fmt"

	driver "modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/outdial/outdial/services/internal/call"
)

// What can be wrong with the file. Each says what to do. Unless an error is also
// call.ErrUnclear, nothing was written.
var (
	// ErrLocked: another program kept the file locked for longer than Options.BusyTimeout.
	ErrLocked = unavailable("the data file is locked by another program: close that program, or wait until it is done, and try again")
	// ErrDiskFull: there is no room for what was to be written.
	ErrDiskFull = unavailable("the disk is full: free some space on the disk that holds the data folder; what was accepted before is safe")
	// ErrReadOnly: the file, or its file system, can't be written.
	ErrReadOnly = unavailable("the data file can't be written: make the data folder and the files in it writable for this user, on a file system that is not mounted read-only")
	// ErrIO: the disk reported an error.
	ErrIO = unavailable("the disk that holds the data file reports an error: look at the system's log, and restore the data folder from a backup if the disk is damaged")
	// ErrDamaged: the file is not what SQLite wrote.
	ErrDamaged = unavailable("the data file is damaged: stop the server, keep a copy of the data folder, and restore the folder from a backup")
	// ErrCantOpen: the file can't be opened or created.
	ErrCantOpen = unavailable("the data file can't be opened: check that the data folder exists and that this user may read and write it")
	// ErrForeign: the file is another program's, or no SQLite file at all. It was not touched.
	ErrForeign = errors.New("the file is not an Outdial data file: choose another data folder, or restore the file from a backup if it was one; it was not touched")
	// ErrNoFile: there is no data file yet, and OpenExisting creates none.
	ErrNoFile = errors.New("there is no data file yet: start the server, which creates it, with this data folder")
	// ErrOlderVersion: the file was written by an older program, and OpenExisting upgrades none.
	ErrOlderVersion = errors.New("the data file is of an older version: start the server of this version once, which upgrades it")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("the data file is closed")
)

func unavailable(sentence string) error { return &call.UnavailableError{Sentence: sentence} }

// NewerVersionError says that the file was written by a newer program. It was not touched.
type NewerVersionError struct {
	Path           string
	File, Supports int // versions of the schema
}

func (e *NewerVersionError) Error() string {
	return fmt.Sprintf("%s has version %d and this program supports up to %d: install the newer outdial that wrote it, or choose another data folder; the file was not touched",
		e.Path, e.File, e.Supports)
}

// kinds are SQLite's primary result codes in our words.
var kinds = map[int]error{
	lib.SQLITE_BUSY:     ErrLocked,
	lib.SQLITE_LOCKED:   ErrLocked,
	lib.SQLITE_PROTOCOL: ErrLocked, // so many processes at the file that a read lock could not be had
	lib.SQLITE_FULL:     ErrDiskFull,
	lib.SQLITE_READONLY: ErrReadOnly,
	lib.SQLITE_PERM:     ErrReadOnly,
	lib.SQLITE_IOERR:    ErrIO,
	lib.SQLITE_CORRUPT:  ErrDamaged,
	lib.SQLITE_NOTADB:   ErrForeign,
	lib.SQLITE_CANTOPEN: ErrCantOpen,
}

// translate gives SQLite's errors one of the meanings above.
func translate(err error) error {
	code, ok := codeOf(err)
	if !ok {
		return err
	}
	kind := kinds[code&0xff]
	if code == lib.SQLITE_IOERR_SHMSIZE { // the shared memory beside the file could not grow
		kind = ErrDiskFull
	}
	if kind == nil {
		return err
	}
	return fmt.Errorf("%w: %w", kind, err)
}

func codeOf(err error) (int, bool) {
	e, ok := errors.AsType[*driver.Error](err)
	if !ok {
		return 0, false
	}
	return e.Code(), true
}

// duplicate tells whether err says that a unique key is there already.
func duplicate(err error) bool {
	code, ok := codeOf(err)
	return ok && (code == lib.SQLITE_CONSTRAINT_UNIQUE || code == lib.SQLITE_CONSTRAINT_PRIMARYKEY)
}
