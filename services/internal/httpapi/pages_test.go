package httpapi_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/call"
)

// pagedList is a list that is read by cursor.
type pagedList struct {
	path        string
	who         func(*bundle) user
	newestFirst bool
	most        int // the largest limit
}

// crowd makes seven of everything that is listed, and gives the lists.
func (b *bundle) crowd() map[string]pagedList {
	b.t.Helper()
	var lines []string
	for i := range 7 {
		b.deadLetter(b.anna.call(fmt.Sprintf("+120255501%02d", i)).ID)
		lines = append(lines, fmt.Sprintf("+120255502%02d", i), fmt.Sprintf("none%d", i))
		b.tick()
	}
	for range 6 {
		b.anna.batch("+12025550142")
	}
	list := "/v1/batches/" + b.anna.batch(lines...).ID
	anna, root := func(b *bundle) user { return b.anna }, func(b *bundle) user { return b.root }
	return map[string]pagedList{
		"calls":        {"/v1/calls", anna, true, 200},
		"batches":      {"/v1/batches", anna, true, 200},
		"members":      {list + "/calls", anna, false, 200},
		"refused rows": {list + "/refused", anna, false, 1_000},
		"results":      {list + "/results.csv", anna, false, 10_000},
		"dead letters": {"/v1/dead-letters", root, true, 200},
	}
}

// one page: what is listed, by id or row, and the next cursor.
func (l pagedList) page(b *bundle, query url.Values) (items []string, next string) {
	b.t.Helper()
	got := l.who(b).get(l.path + "?" + query.Encode()).is(http.StatusOK)
	if strings.HasSuffix(l.path, ".csv") {
		return csvPage(b.t, got)
	}
	var body map[string]json.RawMessage
	b.must(json.Unmarshal(got.body, &body))
	for name, value := range body {
		if name == "next_cursor" {
			b.must(json.Unmarshal(value, &next))
			continue
		}
		var list []struct {
			ID  string
			Row int
		}
		b.must(json.Unmarshal(value, &list))
		for _, item := range list {
			items = append(items, item.ID+fmt.Sprintf("%05d", item.Row))
		}
	}
	return items, next
}

func csvPage(t *testing.T, got *reply) (items []string, next string) {
	t.Helper()
	for line := range strings.Lines(string(got.body)) {
		if !strings.HasPrefix(line, "row,") {
			items = append(items, strings.Split(line, ",")[3])
		}
	}
	link := got.header.Get("Link")
	if link == "" {
		return items, ""
	}
	target, ok := strings.CutSuffix(link, `>; rel="next"`)
	u, err := url.Parse(strings.TrimPrefix(target, "<"))
	if !ok || err != nil || u.Path == "" {
		t.Fatalf("the link is %s", link)
	}
	return items, u.Query().Get("cursor")
}

// pages reads the list to its end. Between two pages something happens.
func (l pagedList) pages(b *bundle, limit int, between func()) (items []string) {
	b.t.Helper()
	query := url.Values{"limit": {fmt.Sprint(limit)}}
	for range 1_000 {
		page, next := l.page(b, query)
		items = append(items, page...)
		if len(page) > limit || next != "" && len(page) < limit {
			b.t.Errorf("a page has %d of %d, and the next is at %q", len(page), limit, next)
		}
		if next == "" {
			return items
		}
		query.Set("cursor", next)
		between()
	}
	b.t.Fatal("the list has no end")
	return nil
}

func TestPagesPutTogetherAreTheWholeListWhateverArrives(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"calls", "batches", "members", "refused rows", "results", "dead letters"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBundle(t)
			list := b.crowd()[name]
			for _, limit := range []int{2, 3, 7, 8, list.most} {
				whole, next := list.page(b, url.Values{"limit": {fmt.Sprint(list.most)}})
				if next != "" || len(whole) < 7 || !slices.Equal(whole, list.sorted(whole)) {
					t.Fatalf("the whole is %v, and goes on at %q", whole, next)
				}
				got := list.pages(b, limit, func() {
					b.tick()
					b.deadLetter(b.anna.call("+12025550199").ID)
					b.anna.batch("+12025550198")
				})
				if !slices.Equal(got, whole) {
					t.Errorf("%d a page:\n%v, not\n%v", limit, got, whole)
				}
			}
		})
	}
}

// sorted are the items in the order that the list promises.
func (l pagedList) sorted(items []string) []string {
	items = slices.Sorted(slices.Values(items))
	if l.newestFirst {
		slices.Reverse(items)
	}
	return items
}

func TestACursorOfAnotherListOrOfNoneIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	lists := b.crowd()
	other := b.anna.batch("+12025550142", "+12025550143", "x", "y").ID
	cursors := map[string]string{}
	for name, list := range lists {
		_, cursors[name] = list.page(b, url.Values{"limit": {"2"}})
	}
	for _, kind := range []string{"calls", "refused", "results.csv"} {
		sibling := pagedList{path: "/v1/batches/" + other + "/" + kind, who: func(b *bundle) user { return b.anna }}
		_, cursors["another batch's "+kind] = sibling.page(b, url.Values{"limit": {"1"}})
	}
	encode := base64.RawURLEncoding.EncodeToString
	maps.Copy(cursors, map[string]string{
		"nothing": "", "a blank": " ", "a word": "abc", "an id": "call_" + nobodysULID, "padding": cursors["calls"] + "=",
		"one character more": cursors["calls"] + "A", "one less": cursors["calls"][1:], "a NUL": "\x00", "a star": "*",
		"a list without a place": encode([]byte("calls ")), "a place that is none": encode([]byte("calls x' OR 1=1")),
		"a phone number": encode([]byte("calls +12025550142")), "a number below zero": encode([]byte("calls -1")),
		"a list of lists": encode([]byte("calls calls call_" + nobodysULID)), "a line break": encode([]byte("calls call_" + nobodysULID + "\n")),
		"a place without its list": encode([]byte("call_" + nobodysULID)), "a line without its list": encode([]byte("3")),
		"bits that mean nothing": strings.TrimSuffix(encode([]byte("calls call_"+nobodysULID)), "A") + "B",
		"very long":              strings.Repeat("A", 100_000), "an encoding of its own": base64.StdEncoding.EncodeToString([]byte("calls call_" + nobodysULID + "???")),
	})
	for name, list := range lists {
		for of, cursor := range cursors {
			if of == name {
				list.page(b, url.Values{"cursor": {cursor}})
				continue
			}
			got := list.who(b).get(list.path + "?" + url.Values{"cursor": {cursor}}.Encode())
			if _, err := got.problem(api.ProblemCodeCursorInvalid, "cursor"); err != nil {
				t.Errorf("%s with the cursor of %s: %v", name, of, err)
			}
		}
	}
}

func TestALimitOutOfBoundsIsRefused(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for name, list := range b.crowd() {
		for _, limit := range []string{"0", "-1", fmt.Sprint(list.most + 1), "9223372036854775807", "9223372036854775808", "abc", "", "1.5", "1e1", " 1", "0x10", "٣"} {
			got := list.who(b).get(list.path + "?limit=" + url.QueryEscape(limit))
			if _, err := got.problem(api.ProblemCodeInvalidRequest, "limit"); err != nil {
				t.Errorf("%s, limit %q: %v", name, limit, err)
			}
		}
		for _, limit := range []string{"1", fmt.Sprint(list.most)} {
			list.who(b).get(list.path + "?limit=" + limit).is(http.StatusOK)
		}
	}
}

func TestAListWithoutALimitGivesItsUsualPage(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	var lines []string
	for i := range 120 {
		lines = append(lines, fmt.Sprintf("+12025550%03d", i), fmt.Sprintf("none%d", i))
	}
	list := "/v1/batches/" + b.anna.batch(lines...).ID
	anna := func(b *bundle) user { return b.anna }
	for path, want := range map[string]int{"/v1/calls": 50, list + "/calls": 50, list + "/refused": 100, list + "/results.csv": 120} {
		if items, _ := (pagedList{path: path, who: anna}).page(b, url.Values{}); len(items) != want {
			t.Errorf("%s gives %d", path, len(items))
		}
	}
}

func TestAnEmptyListIsAListAndNotNull(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	for path, want := range map[string]string{
		"/v1/calls": `{"calls":[]}`, "/v1/batches": `{"batches":[]}`, "/v1/dead-letters": `{"calls":[]}`,
	} {
		if got := b.root.get(path).is(http.StatusOK); strings.TrimSpace(string(got.body)) != want {
			t.Errorf("%s gives %s", path, got.body)
		}
	}
}

func TestCallsAreFilteredByStatusBatchNumberAndTime(t *testing.T) {
	t.Parallel()
	b := newBundle(t)
	began := b.clock.Now()
	queued := b.anna.call("+12025550142").ID
	b.tick()
	failed := b.deadLetter(b.anna.call("+12025550143").ID).ID
	b.tick()
	list := b.anna.batch("+12025550142", "+12025550144")
	first, second := call.BatchCallID(list.ID, 1), call.BatchCallID(list.ID, 2)
	b.complete(second)
	at := func(seconds int) string {
		return url.QueryEscape(began.Add(time.Duration(seconds) * time.Second).Format(time.RFC3339))
	}
	zone := url.QueryEscape(began.Add(time.Second).In(time.FixedZone("", 2*3600)).Format(time.RFC3339))
	for query, want := range map[string][]string{
		"":                               {second, first, failed, queued},
		"status=queued":                  {first, queued},
		"status=queued&status=failed":    {first, failed, queued},
		"status=queued&status=queued":    {first, queued},
		"status=expired":                 nil,
		"batch=" + list.ID:               {second, first},
		"number=%2B12025550142":          {first, queued},
		"number=%2B12025550149":          nil,
		"from=" + at(1):                  {second, first, failed},
		"to=" + at(1):                    {queued},
		"from=" + at(1) + "&to=" + at(2): {failed},
		"from=" + zone:                   {second, first, failed},
		"from=" + at(2) + "&to=" + at(1): nil,
		"batch=" + list.ID + "&status=completed&number=%2B12025550144&from=" + at(0): {second},
		"batch=" + list.ID + "&number=%2B12025550143":                                nil,
	} {
		var got []string
		for _, c := range decode[api.CallList](b.anna.get("/v1/calls?" + query).is(http.StatusOK)).Calls {
			got = append(got, c.ID)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q gives %v, not %v", query, got, want)
		}
	}
}
