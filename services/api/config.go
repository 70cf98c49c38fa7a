package main

import (
	"fmt"
	"log/slog"

	"github.com/outdial/outdial/services/internal/awsenv"
	"github.com/outdial/outdial/services/internal/gateway"
	"github.com/outdial/outdial/services/internal/prices"
	"github.com/outdial/outdial/services/internal/signin"
)

// signInOf checks tokens in code too where their issuer is configured.
func signInOf(c awsenv.API, log *slog.Logger) (gateway.SignIn, error) {
	if c.Issuer == "" || len(c.ClientIDs) == 0 {
		return gateway.SignIn{}, nil
	}
	verifier, err := signin.New(signin.Config{Issuer: c.Issuer, ClientIDs: c.ClientIDs}, signin.Options{Log: log})
	if err != nil {
		return gateway.SignIn{}, fmt.Errorf("%s and %s: %w", awsenv.Issuer, awsenv.ClientIDs, err)
	}
	return gateway.SignIn{Tokens: verifier}, nil
}

// pricesOf are what calls cost, where that is configured.
func pricesOf(c awsenv.API) (*prices.List, error) {
	if c.Prices == "" {
		return nil, nil
	}
	known, err := prices.Parse([]byte(c.Prices))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", awsenv.Prices, err)
	}
	return known, nil
}
