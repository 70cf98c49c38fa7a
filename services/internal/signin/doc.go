// Package signin checks who makes a request: it turns an OAuth 2.0 access token
// into a [Principal], or refuses it with a stable [Code].
//
// A token is accepted if all of this holds:
//
//   - it is a JWT of at most 8 KiB, signed with RS256 and nothing else;
//   - its key is published by the configured issuer, for signatures, with 2,048
//     bits or more;
//   - iss is the configured issuer, to the letter;
//   - exp is there and not over, nbf and iat are not in the future (30 seconds
//     are granted to clocks);
//   - it is an access token: token_use is "access" (Amazon Cognito), or its type
//     is at+jwt (RFC 9068), or it has one of the configured audiences and a
//     scope, and nothing that only an ID token has;
//   - it is meant for this API: aud has one of the configured audiences or, only
//     if there is no aud, client_id is one of the configured clients. API
//     Gateway's JWT authorizer has the same rule.
//
// Which scope a route takes is the route's matter: see [Principal.Has].
//
// # People and machines
//
// A token is a machine's (given for client credentials) if its sub is its
// client_id and it names no person: no username, no preferred_username, no
// groups. That is how Cognito and RFC 9068, section 2.2, write such tokens. It
// takes both halves. A missing username alone proves nothing, because many
// issuers never write one; and sub alone would make a machine of a person who
// could choose a client's id as a name. Nobody can put these claims together
// but the issuer, which signs them; and an issuer that names people (all that
// give username or preferred_username) can't be brought to sign a person's
// token that passes. What remains is an issuer that lets people choose their
// own sub and names them nowhere: RFC 9068, section 5, forbids it.
//
// The owner of what is submitted is the token's sub, which for a machine is its
// client_id.
//
// The subpackages are the two other ends: devissuer gives tokens on one machine,
// oidclogin gets them for the command line.
package signin
