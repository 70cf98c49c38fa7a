package serve_test

import (
	"testing"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/prices"
)

func TestSamplesAreTakenFromTheStartOn(t *testing.T) {
	t.Parallel()
	r := start(t, config(t.TempDir()))
	eventually(t, "there is a sample of the capacity", func() (bool, any) {
		answer, err := r.client.ListCapacitySamplesWithResponse(t.Context(), &api.ListCapacitySamplesParams{})
		if err != nil || answer.JSON200 == nil {
			t.Fatalf("list samples: %v %s", err, answer.Body)
		}
		s := answer.JSON200.Samples
		return len(s) > 0 && s[0].Limit == config("").Limit, string(answer.Body)
	})
}

func TestConfiguredPricesAreShown(t *testing.T) {
	t.Parallel()
	c := config(t.TempDir())
	c.Prices = &prices.List{Currency: "EUR", Default: "0.45"}
	answer, err := start(t, c).client.GetLimitsWithResponse(t.Context(), &api.GetLimitsParams{})
	if err != nil || answer.JSON200 == nil || answer.JSON200.Prices == nil || answer.JSON200.Prices.Currency != "EUR" {
		t.Fatalf("limits: %v %s", err, answer.Body)
	}
}
