package main

import (
	"strings"
	"testing"

	"github.com/outdial/outdial/services/internal/awsenv"
)

func TestPricesComeFromTheEnvironment(t *testing.T) {
	t.Parallel()
	if got, err := pricesOf(awsenv.API{}); got != nil || err != nil {
		t.Errorf("without any: %+v, %v", got, err)
	}
	got, err := pricesOf(awsenv.API{Prices: `{"currency":"EUR","default":"0.45"}`})
	if err != nil || got.Currency != "EUR" || got.Default != "0.45" {
		t.Errorf("%+v, %v", got, err)
	}
	got, err = pricesOf(awsenv.API{Prices: `{"currency":"EUR"}`})
	if got != nil || err == nil || !strings.HasPrefix(err.Error(), "OUTDIAL_PRICES: there is no price") {
		t.Errorf("bad ones: %+v, %v", got, err)
	}
}
