package simcarrier

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/outdial/outdial/services/internal/carrier"
	"github.com/outdial/outdial/services/internal/filelock"
)

const (
	logName  = "dials.jsonl"
	lockName = "ends.lock"
	endsName = "ends"

	private     = 0o600 // the log holds phone numbers
	privateDir  = 0o700
	maxLine     = 4 << 10
	refPrefix   = "sim-"
	timeOfAnEnd = time.RFC3339Nano
)

// A reference is the offset of the dial's line, so that looking needs no search.
func reference(offset int64) string { return fmt.Sprintf("%s%012x", refPrefix, offset) }

func offsetOf(ref string) (int64, bool) {
	digits, ok := strings.CutPrefix(ref, refPrefix)
	if !ok || len(digits) != 12 {
		return 0, false
	}
	offset, err := strconv.ParseUint(digits, 16, 63)
	return int64(offset), err == nil && reference(int64(offset)) == ref
}

// appendDial writes a dial to the end of the log and syncs it. The dial is made
// under the lock, so that the log's order is that of its times.
func appendDial(dir string, course func() Dial) (d Dial, err error) {
	f, err := os.OpenFile(filepath.Join(dir, logName), os.O_RDWR|os.O_CREATE, private)
	if err != nil {
		return d, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if err := filelock.Exclusive(f); err != nil {
		return d, err
	}
	end, err := heal(f)
	if err != nil {
		return d, err
	}
	d = course()
	d.Reference = reference(end)
	line, err := json.Marshal(d)
	if err != nil {
		return d, err
	}
	if len(line) >= maxLine {
		return d, fmt.Errorf("a dial of %d bytes; at most %d fit", len(line), maxLine-1)
	}
	if _, err := f.WriteAt(append(line, '\n'), end); err != nil {
		return d, errors.Join(err, f.Truncate(end))
	}
	if err := f.Sync(); err != nil {
		return d, err
	}
	if end == 0 { // the file itself may be new
		return d, syncDir(dir)
	}
	return d, nil
}

// heal cuts off a last line that is not whole and gives the end of the log. Who
// wrote it died before its dial was made: nobody was told of it.
func heal(f *os.File) (int64, error) {
	size, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		return 0, err
	}
	tail := make([]byte, min(size, maxLine))
	if _, err := f.ReadAt(tail, size-int64(len(tail))); err != nil {
		return 0, err
	}
	torn := int64(len(tail) - 1 - bytes.LastIndexByte(tail, '\n'))
	switch torn {
	case 0:
		return size, nil
	case maxLine:
		return 0, fmt.Errorf("%s does not end in a dial: it is not a log of dials", f.Name())
	}
	return size - torn, f.Truncate(size - torn)
}

// readDial reads the line that a reference names.
func readDial(dir, ref string) (Dial, error) {
	offset, ok := offsetOf(ref)
	if !ok {
		return Dial{}, carrier.ErrNotFound
	}
	f, err := os.Open(filepath.Join(dir, logName))
	if errors.Is(err, fs.ErrNotExist) {
		return Dial{}, carrier.ErrNotFound
	}
	if err != nil {
		return Dial{}, err
	}
	defer f.Close()
	buffer := make([]byte, maxLine)
	n, err := f.ReadAt(buffer, offset)
	if err != nil && !errors.Is(err, io.EOF) {
		return Dial{}, err
	}
	line, _, whole := bytes.Cut(buffer[:n], []byte("\n"))
	var d Dial
	if !whole || json.Unmarshal(line, &d) != nil || d.Reference != ref {
		return Dial{}, carrier.ErrNotFound
	}
	return d, nil
}

// ReadDials reads all dials in a carrier's folder, in the order of dialing, with
// those ends that somebody asked for; none when nothing was ever dialed. A line
// that can't be read is an error: the log is the truth, and must be whole.
func ReadDials(dir string) ([]Dial, error) {
	data, err := readLog(dir)
	if err != nil {
		return nil, err
	}
	var dials []Dial
	for line := range bytes.Lines(data) {
		var d Dial
		err := json.Unmarshal(line, &d)
		if _, ok := offsetOf(d.Reference); err == nil && !ok {
			err = fmt.Errorf("the reference is %q", d.Reference) // and would be the name of a file
		}
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", filepath.Join(dir, logName), len(dials)+1, err)
		}
		if d.HungUpAt, err = readEnd(dir, d.Reference); err != nil {
			return nil, err
		}
		dials = append(dials, d)
	}
	return dials, nil
}

// readLog reads the whole lines of the log. What stands behind the last of them
// is being written, or was when its writer died.
func readLog(dir string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(dir, logName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data[:bytes.LastIndexByte(data, '\n')+1], err
}

// readEnd reads when a call was hung up; zero when it was not.
func readEnd(dir, ref string) (time.Time, error) {
	text, err := os.ReadFile(filepath.Join(dir, endsName, ref))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	return time.Parse(timeOfAnEnd, string(text))
}

// writeEnd notes durably that a call was hung up. It appears whole or not at all.
func writeEnd(dir, ref string, at time.Time) error {
	ends := filepath.Join(dir, endsName)
	temporary := filepath.Join(dir, ref+".new")
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, private)
	if err != nil {
		return err
	}
	_, err = f.WriteString(at.Format(timeOfAnEnd))
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temporary, filepath.Join(ends, ref)); err != nil {
		return err
	}
	return syncDir(ends)
}

// syncDir makes new names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
