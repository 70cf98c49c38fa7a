package sqlite

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/outdial/outdial/services/internal/call"
)

// Records are JSON, so that a newer program can add fields, an older one passes
// over them, and a person can read the file. They are encoded by the caller and
// not by the writer, which all callers share.

func encode(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode a record: %w", err)
	}
	return string(b), nil
}

func decode(record []byte, v any) error {
	if err := json.Unmarshal(record, v); err != nil {
		return fmt.Errorf("decode a record: %w: %w", call.ErrCorrupt, err)
	}
	return nil
}

// decoded scans a row of id and record.
func decoded[T any](scan func(dest ...any) error) (T, error) {
	var v T
	var id string
	var record []byte
	if err := scan(&id, &record); err != nil {
		return v, err
	}
	return v, decode(record, &v)
}

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriter(nil, flate.BestSpeed)
	if err != nil {
		panic(err) // the level is constant
	}
	return w
}}

// deflate encodes rows compressed: a call list repeats itself, and takes a
// quarter of the room then.
func deflate(rows any) ([]byte, error) {
	var out bytes.Buffer
	w, _ := deflaters.Get().(*flate.Writer) // nothing else is in the pool
	defer deflaters.Put(w)
	w.Reset(&out)
	if err := json.NewEncoder(w).Encode(rows); err != nil {
		return nil, fmt.Errorf("encode rows: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encode rows: %w", err)
	}
	return out.Bytes(), nil
}

func inflate[T any](rows []byte) ([]T, error) {
	b, err := io.ReadAll(flate.NewReader(bytes.NewReader(rows)))
	if err != nil {
		return nil, fmt.Errorf("decode rows: %w: %w", call.ErrCorrupt, err)
	}
	var items []T
	return items, decode(b, &items)
}
