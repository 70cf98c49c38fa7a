// Package call is the domain: what a call is, where it may stand, and what may
// happen to it. It knows no store, no transport, no clock and no randomness, so
// the rules that carry the promises are tested without any of them.
//
// # The life of a call
//
//	                          Created
//	                             |
//	                             v
//	+----------------------> queued ------- Canceled, Expired -------------+
//	|                            |                                         |
//	|                        Admitted                                      |
//	|                            v                                         |
//	+-- LaunchRefused, ---- launching ----- LaunchRefused, StartFailed, ---+
//	|   StartFailed              |          LaunchGivenUp, Canceled        |
//	|                       TaskStarted                                    |
//	|                            v                                         |
//	+-- StartFailed ------- starting ------ StartFailed, Canceled ---------+
//	|                            |                                         |
//	|                          Rang                                        |
//	|                            v                                         |
//	|                        ringing                                       |
//	|                            |                                         |
//	|                        Answered                                      |
//	|                            v                                         |
//	+-- Ended ------------- in-progress --- Ended, AgentLost -----+        |
//	|                                                             v        v
//	|                              completed  busy  no-answer  failed  canceled  expired
//	|                                                             |
//	+-- Redriven -------------------------------------------------+
//
// A call holds a slot from launching to in-progress. Events come late, twice or
// never, so Rang and Answered may skip what was not seen, and Ended and AgentLost
// end a call from wherever it stands. Nothing leads out of the six final statuses
// but Redriven, which reopens a call that failed for want of a launch. A call that
// is made of a canceled batch's row is created canceled.
//
// These change no status: Ready and WindowClosed while the call waits, JobResent
// while it is launched, Looked, TaskLost and CancelRequested while it holds a slot,
// and MarkSent once it is dead-lettered.
//
// # Moves
//
// A move is a pure function named for what happened. It takes a record and gives
// a [Change]: the record after, and all that a store has to write or to check in
// the same transaction. It refuses, with a [MoveError], what doesn't fit the
// record's status or attempt: such an event is late or repeated, and is dropped.
// [Allowed] holds these lines as a table, and a test holds both to each other:
//
//	Created          (none)                                  -> queued canceled
//	Ready            queued                                  -> (same)
//	WindowClosed     queued                                  -> (same)
//	Admitted         queued                                  -> launching
//	JobResent        launching                               -> (same)
//	LaunchRefused    launching                               -> queued failed
//	TaskStarted      launching                               -> starting
//	StartFailed      launching starting                      -> queued failed
//	LaunchGivenUp    launching                               -> failed
//	Rang             launching starting                      -> ringing
//	Answered         launching starting ringing              -> in-progress
//	Ended            launching starting ringing in-progress  -> completed busy no-answer failed canceled queued
//	TaskLost         launching starting ringing in-progress  -> (same)
//	AgentLost        launching starting ringing in-progress  -> failed
//	CancelRequested  launching starting ringing in-progress  -> (same)
//	Canceled         queued launching starting               -> canceled
//	Expired          queued                                  -> expired
//	Looked           launching starting ringing in-progress  -> (same)
//	MarkSent         failed                                  -> (same)
//	Redriven         failed                                  -> queued
//
// # What the promises rest on
//
// An attempt is a fence: a call that waits again has the next attempt number, so
// nothing that was started for an earlier one can act for it.
//
// The dial claim decides who won an attempt. Admitted writes it open. The agent
// takes it before it dials; every move that gives a slot back without the agent's
// word closes it in the same transaction. Exactly one of them wins, once.
//
// What isn't final has a due time at which somebody looks at it again, except
// ready calls, which their lane counts. So nothing waits that nobody watches.
//
// Slots, lane counts and batch counts are worked out from the record before and
// the record after (see [Change.Slots], [Change.Lane], [Change.Counts]), so they
// can't drift from the records.
//
// # Rules
//
// Comments name the rule that they follow by its number:
//
//   - R1, claim: a slot goes back only with the claim closed in the same
//     transaction, with the outcome that the claim's holder noted, or with proof
//     that the holder's task has ended and the carrier's word that the call is over.
//   - R2, attempt: it leaves launching or starting by a closed claim only upwards or
//     to an end. Dials are counted apart from attempts; history and attempts that
//     were closed for other causes than capacity are bounded.
//   - R3, worker: a launching call is launched again with the same token or closed
//     by R1; it never simply waits again, because its task may be running.
//   - R4, agent: it takes the claim with a nonce of its own, looks for a stop, dials,
//     notes the carrier's reference and then the outcome on the claim, and reports.
//   - R5, proof of end: only the holder's task counts, and its stop is proven before
//     the claim is read. A task that was never seen and can't be found proves nothing
//     before the call's limits and an hour have passed.
//   - R6, dead letters: the record moves first, then the marked copy of the job is
//     sent. Only a mark of the record's attempt reopens the call. Jobs that are sent
//     again last more than a day, so that no outage kills a healthy call.
//   - R7, cancel: a record with the wish is never made ready, admitted, retried or
//     dead-lettered.
//   - R8, carrier: only an outcome that the carrier stated is tried again. A lost
//     agent's call ends as failed, once the carrier says that it is over.
//   - R9, filling: limit, slots in use, stop, rate and backoff are conditions of
//     Admitted itself. Lanes and owners join behind the others and go to the back
//     when they are served; turns and the rate's stored time never go back.
//   - R10, batches: canceled is the last state. The cancel visits each call after it
//     was expanded, and due goes only with the change that ends both.
package call
