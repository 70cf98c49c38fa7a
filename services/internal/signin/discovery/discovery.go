// Package discovery reads what an OpenID Connect issuer publishes about itself:
// its discovery document, and other small documents that this one points to.
// Whoever checks tokens and whoever asks for them read it by the same rules.
package discovery

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// maxBytes bounds a document. Real ones have a few kilobytes.
const maxBytes = 256 << 10

// Document is the part of OpenID Provider Metadata that Outdial uses
// (OpenID Connect Discovery 1.0, section 3; RFC 9207, section 3).
type Document struct {
	Issuer                string `json:"issuer"`
	AuthorizationEndpoint string `json:"authorization_endpoint"`
	TokenEndpoint         string `json:"token_endpoint"`
	JWKSURI               string `json:"jwks_uri"`
	EndSessionEndpoint    string `json:"end_session_endpoint"`
	// ScopesSupported may be empty, which says nothing.
	ScopesSupported []string `json:"scopes_supported"`
	// NamesItself: each authorization response carries the issuer as "iss".
	NamesItself bool `json:"authorization_response_iss_parameter_supported"`
}

// Fetch reads the issuer's discovery document. The document must name exactly
// this issuer: otherwise one issuer could speak for another.
func Fetch(ctx context.Context, client *http.Client, issuer string) (Document, error) {
	if err := CheckURL(issuer); err != nil {
		return Document{}, fmt.Errorf("issuer: %w", err)
	}
	address := strings.TrimSuffix(issuer, "/") + "/.well-known/openid-configuration"
	body, err := Get(ctx, client, address)
	if err != nil {
		return Document{}, err
	}
	var doc Document
	if err := json.Unmarshal(body, &doc); err != nil {
		return Document{}, fmt.Errorf("%s is not a discovery document: %w", address, err)
	}
	if doc.Issuer != issuer {
		return Document{}, fmt.Errorf("%s names the issuer %q; configured is %q, and both must be the same to the letter", address, doc.Issuer, issuer)
	}
	return doc, nil
}

// Get reads one small document. It follows no redirect, so that what is read
// comes from the address that was configured or published.
func Get(ctx context.Context, client *http.Client, address string) (_ []byte, err error) {
	if err := CheckURL(address); err != nil {
		return nil, err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, http.NoBody)
	if err != nil {
		return nil, fmt.Errorf("ask %s: %w", address, err)
	}
	req.Header.Set("Accept", "application/json")
	res, err := WithoutRedirects(client).Do(req)
	if err != nil {
		return nil, err // names method and address already
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	if res.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s; expected 200 OK", address, res.Status)
	}
	body, err := io.ReadAll(io.LimitReader(res.Body, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", address, err)
	}
	if len(body) > maxBytes {
		return nil, fmt.Errorf("%s answered with more than %d bytes", address, maxBytes)
	}
	return body, nil
}

// WithoutRedirects is the client, or http.DefaultClient if it is nil, following no
// redirect.
func WithoutRedirects(client *http.Client) *http.Client {
	if client == nil {
		client = http.DefaultClient
	}
	c := *client
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &c
}

// CheckURL tells what is wrong with the address of an issuer or of one of its
// endpoints. It must be https, so that nobody on the way can put in keys of his
// own; plain http is for loopback only.
func CheckURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case err != nil:
		return fmt.Errorf("%q is not a URL", raw)
	case u.Host == "" || u.Hostname() == "":
		return fmt.Errorf("%q is not a whole URL such as https://issuer.example.com", raw)
	case u.User != nil:
		return errors.New("a user name or password must not stand in the URL")
	case u.Fragment != "":
		return fmt.Errorf("%q must not have a fragment", raw)
	case u.Scheme == "https":
		return nil
	case u.Scheme == "http" && IsLoopback(u.Host):
		return nil
	default:
		return fmt.Errorf("%q must begin with https:// (http:// is for 127.0.0.1, [::1] and localhost only)", raw)
	}
}

// IsLoopback tells whether host, with or without a port, is this machine by its
// loopback address or by the name localhost.
func IsLoopback(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	if strings.EqualFold(name, "localhost") {
		return true
	}
	addr, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(name, "["), "]"))
	return err == nil && addr.Unmap().IsLoopback()
}
