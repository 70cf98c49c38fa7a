package signin

import (
	"net/http"
	"strings"
)

// maxToken bounds a token, in bytes. Cognito's have one to two thousand; what
// is longer is refused before anything is decoded.
const maxToken = 8 << 10

// BearerToken takes the access token from a request: exactly one Authorization
// header of the form "Bearer" and a token (RFC 6750, section 2.1). The scheme's
// case doesn't matter (RFC 9110, section 11.1). A token in the query or in the
// body isn't looked at, since it would end in logs.
func BearerToken(r *http.Request) (string, error) {
	headers := r.Header.Values("Authorization")
	switch {
	case len(headers) == 0:
		return "", refuse(CodeMissing, "the request has no Authorization header")
	case len(headers) > 1:
		// Two readers of the request could each take another one.
		return "", refuse(CodeMalformed, "the request has more than one Authorization header")
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return "", refuse(CodeNotBearer, "the Authorization header must be Bearer and an access token")
	}
	token = strings.TrimLeft(token, " ")
	if len(token) > maxToken {
		return "", refuse(CodeMalformed, "the token is longer than 8192 bytes")
	}
	if !isToken68(token) {
		return "", refuse(CodeMalformed, "the Authorization header must be Bearer and exactly one access token")
	}
	return token, nil
}

// isToken68 tells whether s has the syntax b64token of RFC 6750, section 2.1.
func isToken68(s string) bool {
	body := strings.TrimRight(s, "=")
	if body == "" {
		return false
	}
	for _, c := range []byte(body) {
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		digit := '0' <= c && c <= '9'
		if !letter && !digit && strings.IndexByte("-._~+/", c) < 0 {
			return false
		}
	}
	return true
}
