package dynamo

import (
	"bytes"
	"compress/flate"
	"encoding/json"
	"fmt"
	"io"
	"sync"

	"github.com/outdial/outdial/services/internal/call"
)

// A record is stored as JSON, deflated with a dictionary of what every record
// holds: DynamoDB counts by the kilobyte, and so a call stays below one from its
// creation to its end. Beside it stand, as attributes, what conditions and
// indexes need and what a person looks for in the table.

// dictionary is what deflated records begin with in thought. A record can only be
// read with the dictionary that it was written with: never change this one. A
// better one would be a second, with another first byte of the records.
const dictionary = `{"reason":"carrier_error","message":"","cause":"launch_refused"},"redrive_id":"redrive_` +
	`"settings":{"instructions":"","voice":"","first_words":"","language":""},"metadata":{"retry":{"max_dials":3,"delay":0,"on":["busy","no-answer","failed"]},` +
	`"wait":{"reason":"schedule","until":"2026-01-01T00:00:00Z"},"last_start":"2027-"resends":1,"closed":1,"cancel_requested":true,"task_seen":"` +
	`{"call_id":"call_01K","attempt":1,"batch_id":"batch_01K","number":"+49","ring_timeout":60,"time_limit":600,"opened_at":"2026-","holder":"agent","nonce":"","task":"","taken_at":"2026-","stop":true,"carrier_reference":"CA","outcome":{` +
	`{"id":"call_01K","owner":"","batch_id":"batch_01K","row":2,"number":"+1","time_limit":600,"metadata":{"name":"` +
	`"},"status":"completed","attempt":1,"dials":1,"version":6,"ready_at":"2026-","due":"2026-","launch_at":"2026-","start_by":"2026-",` +
	`"task_definition":"arn:aws:ecs:eu-central-1:task-definition/outdial-agent:1","task":"arn:aws:ecs:us-east-1:task/outdial/` +
	`","outcome":{"status":"completed","dialed":true,"carrier_reference":"CA","ringing_at":"2026-","answered_at":"2026-","ended_at":"2026-","duration":1},` +
	`"history":[{"status":"queued","at":"2026-01-01T00:00:00.000Z","attempt":1,"cause":"created"},{"status":"launching","at":"2026-` +
	`Z","attempt":1,"cause":"admitted"},{"status":"starting","at":"2026-` + `Z","attempt":1,"cause":"task_started"},{"status":"ringing","at":"2026-` +
	`Z","attempt":1,"cause":"rang"},{"status":"in-progress","at":"2026-` + `Z","attempt":1,"cause":"answered"},{"status":"completed","at":"2026-` +
	`Z","attempt":1,"cause":"ended"}],"created_at":"2026-01-01T00:00:00.000Z","updated_at":"2026-01-01T00:00:00.000Z","ended_at":"2026-01-01T00:00:00.000Z"}`

// formatOne is the first byte of what is deflated with the dictionary.
const formatOne = 1

var deflaters = sync.Pool{New: func() any {
	w, err := flate.NewWriterDict(nil, flate.BestCompression, []byte(dictionary))
	if err != nil {
		panic(err) // the level is constant
	}
	return w
}}

// encode is a value as it is stored.
func encode(v any) ([]byte, error) {
	var out bytes.Buffer
	out.WriteByte(formatOne)
	w, _ := deflaters.Get().(*flate.Writer) // nothing else is in the pool
	defer deflaters.Put(w)
	w.Reset(&out)
	if err := json.NewEncoder(w).Encode(v); err != nil {
		return nil, fmt.Errorf("encode a record: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("encode a record: %w", err)
	}
	return out.Bytes(), nil
}

func decode[T any](stored []byte) (T, error) {
	var v T
	if len(stored) == 0 || stored[0] != formatOne {
		return v, fmt.Errorf("decode a record: unknown format: %w", call.ErrCorrupt)
	}
	text, err := io.ReadAll(flate.NewReaderDict(bytes.NewReader(stored[1:]), []byte(dictionary)))
	if err == nil {
		err = json.Unmarshal(text, &v)
	}
	if err != nil {
		return v, fmt.Errorf("decode a record: %w: %w", call.ErrCorrupt, err)
	}
	return v, nil
}

// record is the attribute that holds a record.
const record = "record"

func recordOf[T any](stored item) (T, error) { return decode[T](blobOf(stored, record)) }
