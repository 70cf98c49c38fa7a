// Package prices reads what calls cost, as whoever runs a server has configured
// it. Forms show it; nothing is charged by it.
package prices

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
)

// List is what a minute of talk costs:
//
//	{
//	  "currency": "EUR",
//	  "per_minute": [{"prefix": "+49", "price": "0.12"}, {"prefix": "+4915", "price": "0.19"}],
//	  "default": "0.45"
//	}
type List struct {
	Currency  string  `json:"currency"`   // ISO 4217
	PerMinute []Price `json:"per_minute"` // of several prefixes that fit a number, the longest counts
	Default   string  `json:"default"`    // for numbers with no such prefix; empty: not known
}

// Price is what a minute costs to numbers that begin in one way.
type Price struct {
	Prefix string `json:"prefix"` // of an E.164 number, with its +
	Price  string `json:"price"`  // a decimal number, in a string so that nothing rounds it
}

// maxPrices is more than there are countries and their kinds of numbers.
const maxPrices = 2_000

// Parse reads a list of prices. The error names every mistake by its place.
func Parse(text []byte) (*List, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var l List
	if err := decoder.Decode(&l); err != nil {
		return nil, fmt.Errorf("it is not the JSON of a list of prices: %w", told(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind the JSON object; there must be one object and nothing else")
	}
	if err := l.check(); err != nil {
		return nil, err
	}
	return &l, nil
}

// told says in other words what encoding/json says in those of Go.
func told(err error) error {
	var wrongType *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early")
	case errors.As(err, &wrongType) && wrongType.Field != "":
		return fmt.Errorf("%s is a JSON %s; texts and amounts stand in quotes, as \"0.12\"", wrongType.Field, wrongType.Value)
	case errors.As(err, &syntax):
		return fmt.Errorf("at byte %d: %w", syntax.Offset, err)
	}
	return err
}

func (l List) check() error {
	// Compiled here, because the api starts often and most have no prices.
	currency := regexp.MustCompile(`^[A-Z]{3}$`)
	prefix := regexp.MustCompile(`^\+[1-9][0-9]{0,14}$`)
	amount := regexp.MustCompile(`^[0-9]{1,6}(\.[0-9]{1,6})?$`)
	var wrong []error
	bad := func(place, value, right string) {
		wrong = append(wrong, fmt.Errorf("%s is %q; it must be %s", place, value, right))
	}
	if !currency.MatchString(l.Currency) {
		bad("currency", l.Currency, "three capital letters (ISO 4217), as EUR")
	}
	if l.Default != "" && !amount.MatchString(l.Default) {
		bad("default", l.Default, anAmount)
	}
	if len(l.PerMinute) == 0 && l.Default == "" {
		wrong = append(wrong, errors.New("there is no price: give per_minute, default or both"))
	}
	if len(l.PerMinute) > maxPrices {
		wrong = append(wrong, fmt.Errorf("per_minute has %d prices; at most %d are allowed", len(l.PerMinute), maxPrices))
		return errors.Join(wrong...)
	}
	places := map[string]int{}
	for i, p := range l.PerMinute {
		place := fmt.Sprintf("per_minute[%d]", i)
		if !prefix.MatchString(p.Prefix) {
			bad(place+".prefix", p.Prefix, "a + and the digits that numbers begin with, as +49")
		}
		if !amount.MatchString(p.Price) {
			bad(place+".price", p.Price, anAmount)
		}
		if first, twice := places[p.Prefix]; twice {
			wrong = append(wrong, fmt.Errorf("%s.prefix is %q, as that of per_minute[%d]; give each once", place, p.Prefix, first))
		}
		places[p.Prefix] = i
	}
	return errors.Join(wrong...)
}

const anAmount = `a decimal number with up to 6 digits before and behind the point, as "0.12"`
