// Package devissuer is the development issuer: an OpenID Connect issuer inside
// `outdial serve`, so that sign-in works on one machine without any account
// elsewhere. Its tokens are shaped as Amazon Cognito's.
//
// It answers this machine only (see guard.go), and is not made for more: no
// self-service, one signing key, one machine client.
//
// What it offers:
//
//   - people: authorization code with PKCE S256 for two public clients, the
//     command line (loopback redirect with any port, RFC 8252) and the console
//     (redirects as configured);
//   - programs: client credentials for one machine client;
//   - refresh tokens with rotation for who asks for offline_access: a token that
//     was used before ends the whole sign-in (RFC 9700, section 4.14.2);
//   - a session cookie, so that prompt=none works, and /logout.
//
// An access token holds for an hour and can't be revoked: whoever checks it asks
// nobody. Revoking ends the refresh token.
//
// The data folder holds three files, readable by their owner only:
//
//	issuer.json           signing key, users, hash of the machine client's secret
//	issuer-sign-ins.json  sessions and refresh tokens, by their hashes
//	issuer.lock           held while one of them is written
//
// Files are replaced whole and read again when needed, so several processes may
// use one folder: `outdial token` makes a token beside a running server.
package devissuer
