// Package simcarrier is a simulated carrier. It needs no server process: the
// whole course of a call is worked out when it is dialed and written to a
// durable log, so that any process can tell how the call is from the log and
// the clock, and a call goes on when the agent that dialed it dies.
//
// A folder holds all of it:
//
//	dials.jsonl    one line per dial, in the order of dialing; see Dial
//	ends/          one file per call that was hung up, named for its reference
//	ends.lock      makes hanging up and looking exclude each other
//
// The log is the truth about who was called. Like a real carrier, and so that a
// mistake shows, it deduplicates nothing: dialing twice writes two lines.
//
// Numbers reserved for fiction behave as Numbers says. Any other number is busy,
// fails, is answered or not, and talks, as drawn from Config: by seed, call,
// attempt and number, so that the same call goes the same way again.
package simcarrier
