package dynamo_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/outdial/outdial/services/internal/dynamo"
)

// attributes is an item as it stands in a request.
type attributes = map[string]map[string]any

// meter counts what DynamoDB would charge for the requests that pass it: the
// units of the table and those of each index, worked out from the items before
// and after.
type meter struct {
	t    testing.TB
	next http.RoundTripper
	mu   sync.Mutex
	used usage
}

type usage struct {
	requests     int
	table, index int // write units
	reads        int // requests that only read
}

func (u usage) less(v usage) usage {
	return usage{u.requests - v.requests, u.table - v.table, u.index - v.index, u.reads - v.reads}
}

func (u usage) units() int { return u.table + u.index }

// written is an item that a request writes or checks.
type written struct {
	table string
	key   attributes
}

// RoundTrip passes a request on and counts it.
func (m *meter) RoundTrip(r *http.Request) (*http.Response, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	writes, factor := writesOf(m.t, r.Header.Get("X-Amz-Target"), body)
	before := make([]attributes, len(writes))
	for i, w := range writes {
		before[i] = m.item(r, w)
	}
	response, err := m.next.RoundTrip(r)
	m.used.requests++
	if len(writes) == 0 {
		m.used.reads++
	}
	for i, w := range writes {
		after := m.item(r, w)
		m.used.table += factor * max(1, units(before[i], nil), units(after, nil))
		for _, index := range dynamo.Indexes() {
			m.used.index += indexUnits(index, before[i], after)
		}
	}
	return response, err
}

// item reads an item on the same road, unseen by the meter.
func (m *meter) item(r *http.Request, w written) attributes {
	ask, err := json.Marshal(map[string]any{"TableName": w.table, "Key": w.key, "ConsistentRead": true})
	if err != nil {
		m.t.Fatal(err)
	}
	request := r.Clone(context.Background())
	request.Header.Set("X-Amz-Target", "DynamoDB_20120810.GetItem")
	request.Body, request.ContentLength = io.NopCloser(bytes.NewReader(ask)), int64(len(ask))
	response, err := m.next.RoundTrip(request)
	if err != nil {
		m.t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct{ Item attributes }
	if err := json.NewDecoder(response.Body).Decode(&answer); err != nil {
		m.t.Fatal(err)
	}
	return answer.Item
}

// writesOf are the items that a request writes, and the units of each kilobyte.
func writesOf(t testing.TB, target string, body []byte) ([]written, int) {
	type action struct {
		TableName string
		Key, Item attributes
	}
	var one struct {
		action
		TransactItems []map[string]action
		RequestItems  map[string]json.RawMessage
	}
	if err := json.Unmarshal(body, &one); err != nil {
		t.Fatal(err)
	}
	keyOf := func(a action) written {
		if a.Item != nil {
			a.Key = attributes{"PK": a.Item["PK"], "SK": a.Item["SK"]}
		}
		return written{a.TableName, a.Key}
	}
	var all []written
	switch target {
	case "DynamoDB_20120810.PutItem", "DynamoDB_20120810.UpdateItem":
		return []written{keyOf(one.action)}, 1
	case "DynamoDB_20120810.TransactWriteItems":
		for _, item := range one.TransactItems {
			for _, a := range item {
				all = append(all, keyOf(a))
			}
		}
		return all, 2 // prepared and committed
	case "DynamoDB_20120810.BatchWriteItem":
		for table, raw := range one.RequestItems {
			var puts []struct{ PutRequest struct{ Item attributes } }
			if err := json.Unmarshal(raw, &puts); err != nil {
				t.Fatal(err)
			}
			for _, p := range puts {
				all = append(all, keyOf(action{TableName: table, Item: p.PutRequest.Item}))
			}
		}
	}
	return all, 1
}

// units are the write units of an item, or of some of its attributes.
func units(item attributes, only []string) int {
	bytes := 0
	for name, v := range item {
		if only == nil || slices.Contains(only, name) {
			bytes += len(name) + valueSize(v)
		}
	}
	return (bytes + 1023) / 1024
}

// valueSize is the size of a value as DynamoDB counts it.
func valueSize(v map[string]any) int {
	for kind, value := range v {
		text, _ := value.(string)
		switch kind {
		case "S":
			return len(text)
		case "N":
			return (len(text)+1)/2 + 1
		case "B":
			return base64.StdEncoding.DecodedLen(len(text)) - strings.Count(text, "=") // which stands at the end only
		case "BOOL", "NULL":
			return 1
		}
		panic(fmt.Sprintf("an attribute of type %s", kind))
	}
	return 0
}

// indexUnits are the units of an index for a change of an item: one to put an
// entry or to take it out, both when its key changes.
func indexUnits(i dynamo.IndexDefinition, before, after attributes) int {
	projected := append([]string{"PK", "SK", i.Hash, i.Range}, i.Projected...)
	entry := func(item attributes) attributes {
		if item[i.Hash] == nil || item[i.Range] == nil {
			return nil
		}
		e := attributes{}
		for _, name := range projected {
			if v, ok := item[name]; ok {
				e[name] = v
			}
		}
		return e
	}
	was, is := entry(before), entry(after)
	switch {
	case reflect.DeepEqual(was, is):
		return 0
	case was != nil && is != nil && reflect.DeepEqual(was[i.Hash], is[i.Hash]) && reflect.DeepEqual(was[i.Range], is[i.Range]):
		return max(units(was, nil), units(is, nil))
	}
	return units(was, nil) + units(is, nil)
}
