// Package verify holds what is stored against the rules: the records of calls,
// their histories and claims, slots, lanes, turns, counters, the due index,
// batches and their rows, and, of a whole data folder, the queues' messages,
// idempotency keys and the carrier's own log. It changes nothing.
//
// What it reads must be of one moment: a store that nobody writes to meanwhile,
// or a snapshot of it. It trusts no number that it can count itself, and asks
// the domain (package call) what is allowed.
//
// # Clocks
//
// Times that must follow one another are those of server, agents and carrier,
// and a clock may be set back in between. Data.Skew says by how much, so a time
// may lie before the one that it must follow by that much. What the order of
// entries, attempts and versions tells is held to without any allowance.
//
// # The carrier's log
//
// A log is not part of a snapshot. Data.DialsBefore says how many of its dials
// had been made before the snapshot was taken: each of these must be of an
// attempt that an agent had claimed. One that was made later and that the
// snapshot knows nothing of is no finding.
package verify
