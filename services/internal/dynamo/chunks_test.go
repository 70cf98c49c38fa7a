package dynamo_test

import (
	"encoding/json"
	"maps"
	"math/rand/v2"
	"net/http"
	"reflect"
	"slices"
	"sync"
	"testing"

	"github.com/outdial/outdial/services/internal/call"
)

// mostItem is the largest item that DynamoDB takes, in bytes (Constraints,
// developer guide): its attributes' names and values.
const mostItem = 400 << 10

// shelf is a stand-in that keeps rows as DynamoDB does: it refuses an item that is
// too large, and reads a partition in pages.
type shelf struct {
	t testing.TB

	mu    sync.Mutex
	items map[string]map[string]attributes // by partition and sort key
}

func newShelf(t testing.TB) *shelf {
	return &shelf{t: t, items: map[string]map[string]attributes{}}
}

const shelfPage = 2 // items; two parts of a chunk are nearly the megabyte of a page

func (s *shelf) answer(r *http.Request) (*http.Response, error) {
	var ask struct {
		Key, ExclusiveStartKey, ExpressionAttributeValues attributes
		RequestItems                                      map[string][]struct{ PutRequest struct{ Item attributes } }
	}
	asked(s.t, r, &ask)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch operationOf(r) {
	case "BatchWriteItem":
		for _, put := range ask.RequestItems["outdial"] {
			if !s.put(put.PutRequest.Item) {
				return answer(r, 400, "ValidationException", ""), nil
			}
		}
		return says(r, 200, `{"UnprocessedItems":{}}`), nil
	case "GetItem":
		return says(r, 200, encoded(s.t, map[string]any{"Item": s.items[textOf(ask.Key["PK"])][textOf(ask.Key["SK"])]})), nil
	case "Query":
		return says(r, 200, s.page(textOf(ask.ExpressionAttributeValues[":hash"]), textOf(ask.ExclusiveStartKey["SK"]))), nil
	case "UpdateItem": // KeepChunks
		delete(s.items[textOf(ask.Key["PK"])][textOf(ask.Key["SK"])], "expires_at")
		return says(r, 200, "{}"), nil
	}
	s.t.Errorf("%s is nothing for rows", operationOf(r))
	return answer(r, 400, "UnknownOperationException", ""), nil
}

func textOf(v map[string]any) string {
	s, _ := v["S"].(string)
	return s
}

// put keeps an item, unless it is too large.
func (s *shelf) put(item attributes) bool {
	partition, size := textOf(item["PK"]), 0
	for name, v := range item {
		size += len(name) + valueSize(v)
	}
	if size > mostItem {
		s.t.Errorf("an item of %d bytes, and %d are the most", size, mostItem)
		return false
	}
	if s.items[partition] == nil {
		s.items[partition] = map[string]attributes{}
	}
	s.items[partition][textOf(item["SK"])] = item
	return true
}

// page is an answer to a query of a partition, behind a sort key.
func (s *shelf) page(partition, after string) string {
	page := struct {
		Items            []attributes
		LastEvaluatedKey attributes `json:",omitempty"`
	}{}
	for _, order := range slices.Sorted(maps.Keys(s.items[partition])) {
		if order <= after {
			continue
		}
		if len(page.Items) == shelfPage {
			last := page.Items[shelfPage-1]
			page.LastEvaluatedKey = attributes{"PK": last["PK"], "SK": last["SK"]}
			break
		}
		page.Items = append(page.Items, s.items[partition][order])
	}
	return encoded(s.t, page)
}

// parts gives the sizes of what the items of a batch hold of its rows, and tells
// whether one of them is to expire.
func (s *shelf) parts() (sizes []int, expire bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, partition := range s.items {
		for _, item := range partition {
			sizes, expire = append(sizes, valueSize(item["rows"])), expire || item["expires_at"] != nil
		}
	}
	return sizes, expire
}

// noise is text that can't be deflated to much less than it is: 64 different
// characters, so three quarters. It is the same in each run.
func noise(random *rand.Rand, n int) string {
	const letters = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz+-"
	text := make([]byte, n)
	for i := range text {
		text[i] = letters[random.IntN(len(letters))]
	}
	return string(text)
}

func newRandom() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// longestRows are rows with as much metadata as the API takes: 50 keys of 64
// characters, with values of 500.
func longestRows(n int) []call.Row {
	random, rows := newRandom(), make([]call.Row, n)
	for i := range rows {
		rows[i] = call.Row{Line: i + 2, Number: "+4930123456789", Metadata: map[string]string{}}
		for range 50 {
			rows[i].Metadata[noise(random, 64)] = noise(random, 500)
		}
	}
	return rows
}

func longestRefusals(n int) []call.RefusedRow {
	random, rows := newRandom(), make([]call.RefusedRow, n)
	for i := range rows {
		rows[i] = call.RefusedRow{Line: i + 2, Value: noise(random, 100), Code: "metadata_invalid", Message: noise(random, 300)}
	}
	return rows
}

// TestTheLongestRowsAreKeptInItemsThatDynamoDBTakes: 225 of them fill a request of
// 6 MiB, and so would one chunk.
func TestTheLongestRowsAreKeptInItemsThatDynamoDBTakes(t *testing.T) {
	t.Parallel()
	rows, refused := longestRows(225), longestRefusals(4_000)
	if text, err := json.Marshal(rows); err != nil || len(text) < 6<<20 {
		t.Fatalf("the rows have %d bytes, %v", len(text), err)
	}
	kept := newShelf(t)
	s := standIn(kept.answer).store()
	must(t, s.PutChunk(t.Context(), "batch_1", 0, rows))
	must(t, s.PutRefused(t.Context(), "batch_1", 0, refused[:3_000]))
	must(t, s.PutRefused(t.Context(), "batch_1", 1, refused[3_000:]))
	if sizes, expire := kept.parts(); slices.Max(sizes) != 350<<10 || len(sizes) < 15 || !expire {
		t.Errorf("parts of %d bytes; to expire: %t", sizes, expire)
	}
	must(t, s.KeepChunks(t.Context(), "batch_1"))
	if _, expire := kept.parts(); expire {
		t.Error("rows of an accepted batch expire")
	}
	if got, err := s.Chunk(t.Context(), "batch_1", 0); err != nil || !reflect.DeepEqual(got, rows) {
		t.Errorf("the accepted rows come back as %d others, %v", len(got), err)
	}
	for _, from := range []int{0, 1, 2_999, 3_000, 3_001, 3_002, 3_999} {
		got, err := s.Refused(t.Context(), "batch_1", from, len(refused))
		if want := refused[max(0, from-1):]; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("from line %d on: %d refused rows, want %d; %v", from, len(got), len(want), err)
		}
	}
}

// TestAChunkThatFillsItsItemsToTheLastByte, and those with a byte less and more.
func TestAChunkThatFillsItsItemsToTheLastByte(t *testing.T) {
	t.Parallel()
	long := noise(newRandom(), 1<<20)
	kept, full := 0, []int{}
	for length := 470_000; kept <= 350<<10; length += max(1, 350<<10-kept) {
		shelf := newShelf(t)
		s := standIn(shelf.answer).store()
		rows := []call.Row{{Line: 2, Number: long[:length]}}
		must(t, s.PutChunk(t.Context(), "batch_1", 0, rows))
		if got, err := s.Chunk(t.Context(), "batch_1", 0); err != nil || !reflect.DeepEqual(got, rows) {
			t.Fatalf("%d rows of %d bytes, %v", len(got), kept, err)
		}
		sizes, _ := shelf.parts()
		kept = 0
		for _, size := range sizes {
			kept += size
		}
		if kept >= 350<<10 {
			full = append(full, len(sizes))
		}
	}
	if !slices.Equal(full, []int{1, 2}) {
		t.Errorf("full items, and those that are more than full, are %v", full)
	}
}
