package prices_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/prices"
)

func TestAListOfPricesIsRead(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		text string
		want prices.List
	}{
		"with prefixes and a default": {
			`{"currency":"EUR","per_minute":[{"prefix":"+49","price":"0.12"},{"prefix":"+4915","price":"1"}],"default":"0.450000"}`,
			prices.List{Currency: "EUR", PerMinute: []prices.Price{{Prefix: "+49", Price: "0.12"}, {Prefix: "+4915", Price: "1"}}, Default: "0.450000"},
		},
		"with a default alone":  {`{"currency":"USD","default":"0"}`, prices.List{Currency: "USD", Default: "0"}},
		"with prefixes alone":   {` {"currency":"USD","per_minute":[{"prefix":"+1","price":"0.013"}]}` + "\n", prices.List{Currency: "USD", PerMinute: []prices.Price{{Prefix: "+1", Price: "0.013"}}}},
		"with an empty default": {`{"currency":"USD","per_minute":[{"prefix":"+1","price":"2"}],"default":""}`, prices.List{Currency: "USD", PerMinute: []prices.Price{{Prefix: "+1", Price: "2"}}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := prices.Parse([]byte(test.text))
			if err != nil || !reflect.DeepEqual(*got, test.want) {
				t.Errorf("%+v, %v; want %+v", got, err, test.want)
			}
		})
	}
}

func TestABadListSaysWhatIsWrongAndWhere(t *testing.T) {
	t.Parallel()
	many := `{"currency":"EUR","per_minute":[` + strings.Repeat(`{"prefix":"+49","price":"1"},`, 2_000) + `{"prefix":"+49","price":"1"}]}`
	for name, test := range map[string]struct {
		text string
		want []string
	}{
		"nothing":                {``, []string{"it ends too early"}},
		"cut off":                {`{"currency":"EUR"`, []string{"it ends too early"}},
		"not JSON":               {`currency: EUR`, []string{"at byte 1"}},
		"two values":             {`{"currency":"EUR","default":"1"} {}`, []string{"something stands behind the JSON object"}},
		"a list":                 {`[]`, []string{"not the JSON of a list of prices"}},
		"null":                   {`null`, []string{`currency is ""`, "there is no price"}},
		"an unknown field":       {`{"currency":"EUR","default":"1","vat":"19"}`, []string{`unknown field "vat"`}},
		"no price":               {`{"currency":"EUR"}`, []string{"there is no price: give per_minute, default or both"}},
		"a currency's sign":      {`{"currency":"€","default":"1"}`, []string{`currency is "€"; it must be three capital letters (ISO 4217), as EUR`}},
		"a small currency":       {`{"currency":"eur","default":"1"}`, []string{`currency is "eur"`}},
		"an amount as a number":  {`{"currency":"EUR","default":0.12}`, []string{"default is a JSON number", `as "0.12"`}},
		"a price as a number":    {`{"currency":"EUR","per_minute":[{"prefix":"+49","price":0.12}]}`, []string{"per_minute", "price is a JSON number"}},
		"an amount with a comma": {`{"currency":"EUR","default":"0,12"}`, []string{`default is "0,12"; it must be a decimal number`}},
		"an amount below zero":   {`{"currency":"EUR","default":"-1"}`, []string{`default is "-1"`}},
		"a prefix without +":     {`{"currency":"EUR","per_minute":[{"prefix":"+1","price":"1"},{"prefix":"49","price":"1"}]}`, []string{`per_minute[1].prefix is "49"; it must be a + and the digits`}},
		"a prefix that is 00":    {`{"currency":"EUR","per_minute":[{"prefix":"+049","price":"1"}]}`, []string{`per_minute[0].prefix is "+049"`}},
		"no amount":              {`{"currency":"EUR","per_minute":[{"prefix":"+49"}]}`, []string{`per_minute[0].price is ""`}},
		"one prefix twice":       {`{"currency":"EUR","per_minute":[{"prefix":"+49","price":"1"},{"prefix":"+1","price":"1"},{"prefix":"+49","price":"2"}]}`, []string{`per_minute[2].prefix is "+49", as that of per_minute[0]`}},
		"too many":               {many, []string{"per_minute has 2001 prices; at most 2000"}},
		"everything":             {`{"currency":"x","per_minute":[{"prefix":"a","price":"b"}],"default":"c"}`, []string{`currency is "x"`, `default is "c"`, `per_minute[0].prefix is "a"`, `per_minute[0].price is "b"`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := prices.Parse([]byte(test.text))
			if err == nil || got != nil {
				t.Fatalf("it is read as %+v", got)
			}
			for _, want := range test.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%q doesn't say %q", err, want)
				}
			}
		})
	}
}
