package signin

import "errors"

// Code says why a request was not let in. Codes are stable: logs, tests and
// clients may rely on them.
type Code string

// The codes. All are the client's to mend (401), but for CodeUnavailable (503).
const (
	CodeMissing        Code = "missing"          // no Authorization header
	CodeNotBearer      Code = "not_bearer"       // another scheme than Bearer
	CodeMalformed      Code = "malformed"        // not one well-formed token, or a claim of the wrong shape
	CodeBadAlgorithm   Code = "bad_algorithm"    // signed with anything but RS256, or not at all
	CodeUnknownKey     Code = "unknown_key"      // the issuer publishes no usable key of that id
	CodeBadSignature   Code = "bad_signature"    // not signed by the key it names
	CodeWrongIssuer    Code = "wrong_issuer"     // iss is another issuer
	CodeExpired        Code = "expired"          // exp is over
	CodeNotYetValid    Code = "not_yet_valid"    // nbf or iat is in the future
	CodeNotAccessToken Code = "not_access_token" // an ID token, or a token of another type
	CodeWrongAudience  Code = "wrong_audience"   // aud or client_id is not one of ours
	CodeUnavailable    Code = "unavailable"      // the issuer's keys can't be read: try again later
)

// Error is the refusal of a request. Neither it nor its cause holds any part of
// the token.
type Error struct {
	Code Code
	// Detail is one sentence of plain ASCII without quotes, so that it fits
	// error_description (RFC 6750, section 3).
	Detail string

	cause error
}

func (e *Error) Error() string {
	if e.cause != nil {
		return "sign-in: " + e.Detail + ": " + e.cause.Error()
	}
	return "sign-in: " + e.Detail
}

// Unwrap gives the cause of CodeUnavailable, which is for the log only.
func (e *Error) Unwrap() error { return e.cause }

// CodeOf gives the code of a refusal, and "" for any other error.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return ""
}

func refuse(code Code, detail string) error { return &Error{Code: code, Detail: detail} }

func unavailable(cause error) error {
	return &Error{Code: CodeUnavailable, Detail: "the issuer's keys can't be read at the moment", cause: cause}
}
