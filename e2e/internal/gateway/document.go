// Package gateway is an API Gateway HTTP API: routes, authorizer, scopes and CORS
// are those of the template, and requests become events of payload format 2.0.
package gateway

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// document is the OpenAPI document that SAM makes of an AWS::Serverless::HttpApi.
type document struct {
	Paths      map[string]map[string]operation `json:"paths"`
	CORS       json.RawMessage                 `json:"x-amazon-apigateway-cors"`
	Components struct {
		SecuritySchemes map[string]struct {
			Authorizer struct {
				Type           string `json:"type"`
				IdentitySource string `json:"identitySource"`
				JWT            struct {
					Issuer   string   `json:"issuer"`
					Audience []string `json:"audience"`
				} `json:"jwtConfiguration"`
			} `json:"x-amazon-apigateway-authorizer"`
		} `json:"securitySchemes"`
	} `json:"components"`
}

type operation struct {
	Integration struct {
		Type    string `json:"type"`
		URI     string `json:"uri"`
		Version string `json:"payloadFormatVersion"`
	} `json:"x-amazon-apigateway-integration"`
	Security []map[string][]string `json:"security"`
}

// cors is a CORS configuration. Without one nothing is answered to browsers.
type cors struct {
	AllowOrigins  []string `json:"allowOrigins"`
	AllowMethods  []string `json:"allowMethods"`
	AllowHeaders  []string `json:"allowHeaders"`
	ExposeHeaders []string `json:"exposeHeaders"`
	MaxAge        int      `json:"maxAge"`
}

// Route is one route of the API.
type Route struct {
	Key    string // "GET /v1/calls/{id}"
	Method string
	Path   string
	Scopes []string // one of them is enough
	Public bool     // no authorizer

	segments []string
	function string // its ARN
}

// parse reads the document's routes.
func parse(doc document) ([]Route, error) {
	var routes []Route
	for path, methods := range doc.Paths {
		for method, op := range methods {
			method = strings.ToUpper(method)
			r := Route{Key: method + " " + path, Method: method, Path: path, Public: true, segments: strings.Split(path, "/")}
			if op.Integration.Type != "aws_proxy" || op.Integration.Version != "2.0" {
				return nil, fmt.Errorf("%s: not a Lambda integration of payload format 2.0", r.Key)
			}
			_, arn, ok := strings.Cut(op.Integration.URI, "/functions/")
			arn, found := strings.CutSuffix(arn, "/invocations")
			if !ok || !found {
				return nil, fmt.Errorf("%s: no function in %s", r.Key, op.Integration.URI)
			}
			r.function = arn
			for _, requirement := range op.Security {
				for scheme, scopes := range requirement {
					if scheme == "NONE" {
						continue
					}
					if _, ok := doc.Components.SecuritySchemes[scheme]; !ok {
						return nil, fmt.Errorf("%s: no authorizer %s", r.Key, scheme)
					}
					r.Public, r.Scopes = false, scopes
				}
			}
			routes = append(routes, r)
		}
	}
	slices.SortFunc(routes, func(a, b Route) int { return strings.Compare(a.Key, b.Key) })
	return routes, nil
}

// jwt is the document's one authorizer.
func (d document) jwt() (issuer string, audience []string, err error) {
	if len(d.Components.SecuritySchemes) != 1 {
		return "", nil, fmt.Errorf("want one authorizer, not %d", len(d.Components.SecuritySchemes))
	}
	for _, s := range d.Components.SecuritySchemes {
		a := s.Authorizer
		if a.Type != "jwt" || a.IdentitySource != "$request.header.Authorization" {
			err = errors.New("the authorizer takes no JWT from the header Authorization")
		}
		issuer, audience = a.JWT.Issuer, a.JWT.Audience
	}
	return issuer, audience, err
}

// match finds the route of a request: a segment that is spelled out goes before a
// parameter.
func match(routes []Route, method, path string) (Route, map[string]string, bool) {
	var best Route
	var parameters map[string]string
	found, spelled := false, -1
	segments := strings.Split(path, "/")
	for _, r := range routes {
		if r.Method != method || len(r.segments) != len(segments) {
			continue
		}
		got, same, ok := r.fits(segments)
		if ok && same > spelled {
			best, parameters, spelled, found = r, got, same, true
		}
	}
	return best, parameters, found
}

func (r Route) fits(segments []string) (parameters map[string]string, same int, ok bool) {
	parameters = map[string]string{}
	for i, want := range r.segments {
		if strings.HasPrefix(want, "{") {
			value, err := url.PathUnescape(segments[i])
			if err != nil || value == "" {
				return nil, 0, false
			}
			parameters[strings.Trim(want, "{}")] = value
			continue
		}
		if want != segments[i] {
			return nil, 0, false
		}
		same++
	}
	return parameters, same, true
}
