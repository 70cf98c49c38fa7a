// Package cli is the outdial command: a client of the HTTP API for people and
// scripts, and the door to `outdial serve`.
//
// Results go to standard output; progress, notes and errors to standard error.
// On a terminal results are tables in colour. In a pipe a list is one line for
// each thing, with tabs between its fields and no header, and everything else is
// aligned plain text; with --json it is the API's JSON as it came, one document.
//
// # Exit codes
//
//	0    done; with --wait on a batch: all its calls ended, however they ended
//	1    something unexpected, here or on the server, or findings of verify
//	2    wrong usage
//	3    not signed in, or not allowed
//	4    not found
//	5    refused: a bad number or setting, a list without a good row, a conflict
//	6    the awaited call ended otherwise than completed
//	7    the server can't be reached
//	130  stopped by Ctrl-C; the calls go on
//
// # Settings
//
// The flags --url and --token win over OUTDIAL_URL and OUTDIAL_TOKEN, which win
// over the config file that `outdial login` writes: OUTDIAL_CONFIG, else
// $XDG_CONFIG_HOME/outdial/config.json, else ~/.config/outdial/config.json. What
// somebody signed in to is kept with the server's URL, and its tokens go to no
// other server.
package cli
