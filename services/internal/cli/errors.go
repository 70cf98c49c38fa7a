package cli

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
	"github.com/outdial/outdial/services/internal/signin/discovery"
)

// The exit codes, as the package's documentation tells them.
const (
	exitOK           = 0
	exitUnexpected   = 1
	exitUsage        = 2
	exitForbidden    = 3
	exitNotFound     = 4
	exitRefused      = 5
	exitNotCompleted = 6
	exitUnreachable  = 7
	exitInterrupted  = 130
)

// exitError is an error that knows how the program ends and what a person can do.
type exitError struct {
	code    int
	message string
	details []string // a line each
	advice  string   // may have several lines
	cause   error
}

func (e *exitError) Error() string { return e.message }
func (e *exitError) Unwrap() error { return e.cause }

func usageError(format string, args ...any) error {
	return &exitError{code: exitUsage, message: fmt.Sprintf(format, args...)}
}

// networkError says that no answer came.
type networkError struct {
	url  string
	sent bool // the request may have arrived
	err  error
}

func (e *networkError) Error() string { return fmt.Sprintf("can't reach %s: %v", e.url, e.err) }
func (e *networkError) Unwrap() error { return e.err }

func (e *networkError) advice() string {
	if discovery.IsLoopback(hostOf(e.url)) {
		return "Start it with `outdial serve`, or name another server with --url."
	}
	return "Check --url, OUTDIAL_URL and the network."
}

// neverSent tells errors of connecting from all that may come later.
func neverSent(err error) bool {
	if _, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return true
	}
	op, ok := errors.AsType[*net.OpError](err)
	return ok && op.Op == "dial"
}

// exit tells the error and gives its exit code.
func (a *app) exit(ctx context.Context, cmd *cobra.Command, err error) int {
	if err == nil {
		return exitOK
	}
	e := a.explain(ctx, err)
	if e.code == exitUsage {
		e.advice = strings.TrimLeft(e.advice+"\n"+fmt.Sprintf("Run `%s --help` for how to use it.", cmd.CommandPath()), "\n")
	}
	var b strings.Builder
	fmt.Fprintf(&b, "outdial: %s\n", sentence(e.message))
	for _, line := range e.details {
		fmt.Fprintf(&b, "  %s\n", plain(line))
	}
	if e.advice != "" {
		fmt.Fprintln(&b, e.advice)
	}
	a.screen.note("%s", strings.TrimSuffix(b.String(), "\n"))
	return e.code
}

// sentence keeps lines, which several mistakes have, and nothing else that
// steers a terminal.
func sentence(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	for i := range lines {
		lines[i] = plainKeepingTabs(lines[i])
	}
	return strings.Join(lines, "\n")
}

// explain gives every error its exit code.
func (a *app) explain(ctx context.Context, err error) exitError {
	if known, ok := errors.AsType[*exitError](err); ok {
		return *known
	}
	problem, isProblem := errors.AsType[*problemError](err)
	network, isNetwork := errors.AsType[*networkError](err)
	switch {
	case errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return exitError{code: exitInterrupted, message: "stopped"}
	case !a.started:
		return exitError{code: exitUsage, message: err.Error()}
	case isProblem:
		return problem.explain()
	case isNetwork:
		return exitError{code: exitUnreachable, message: network.Error(), advice: network.advice()}
	default:
		return exitError{code: exitUnexpected, message: err.Error()}
	}
}

// problemError is the server's own account of what is wrong (RFC 9457), or one
// made of the HTTP status if something else answered.
type problemError struct {
	api.Problem
	retryAfter int // seconds; 0 if the answer doesn't say
}

func (e *problemError) Error() string { return e.Detail }

func (e *problemError) explain() exitError {
	known := exitError{code: codeOf(e.Status), message: e.Detail, advice: advice(e.Problem), cause: e}
	for _, mistake := range e.Errors {
		line := mistake.Field
		if mistake.Detail != e.Detail { // which is told already
			line += ": " + mistake.Detail
		}
		if mistake.Row != nil {
			line = fmt.Sprintf("row %d, %s", *mistake.Row, line)
		}
		known.details = append(known.details, line)
	}
	if e.RequestID != "" {
		known.details = append(known.details, "request id: "+e.RequestID)
	}
	return known
}

func codeOf(status int) int {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return exitForbidden
	case status == http.StatusNotFound:
		return exitNotFound
	case status >= 400 && status < 500 && status != http.StatusTooManyRequests:
		return exitRefused
	default:
		return exitUnexpected
	}
}

// advice says what to do about a problem where its detail can't know: which
// command or flag of this program helps.
func advice(p api.Problem) string {
	switch p.Code {
	case api.ProblemCodeForbidden:
		return "Sign in as somebody who may: `outdial login`."
	case api.ProblemCodeCallNotFound:
		return "See yours with `outdial calls list`."
	case api.ProblemCodeBatchNotFound:
		return "See yours with `outdial batch list`."
	case api.ProblemCodeCSVNoNumberColumn, api.ProblemCodeCSVTwoNumberColumns:
		return "Name the column with --number-column."
	case api.ProblemCodePhoneNumberInvalid:
		return "A national number needs --region, such as --region GB."
	case api.ProblemCodeIdempotencyConflict:
		return "Leave --" + keyFlag + " out, or use a new key."
	case api.ProblemCodeInternal:
		return "The cause is in the server's log, under the request id."
	case api.ProblemCodeUnavailable:
		return "Try again later."
	case api.ProblemCodeCallAlreadyFinal:
		return "See how it ended with `outdial calls get`."
	}
	if p.Code != "" {
		return ""
	}
	switch p.Status { // of something in front of the server
	case http.StatusNotFound:
		return "Is that the server's URL? Name it with --url."
	case http.StatusRequestEntityTooLarge:
		return "Send the list in several parts. On AWS a request has 6 MB, with its headers, and with each line end and quote as two bytes."
	}
	return ""
}

// unknownCommand says so, with what may have been meant.
func unknownCommand(parent *cobra.Command, name string) error {
	e := &exitError{code: exitUsage, message: fmt.Sprintf("unknown command %q for %q", name, parent.CommandPath())}
	if meant := parent.SuggestionsFor(name); len(meant) > 0 {
		e.advice = "Did you mean `" + parent.CommandPath() + " " + strings.Join(meant, "`, `"+parent.CommandPath()+" ") + "`?"
	}
	return e
}

// oneArg takes exactly one argument and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch {
		case len(args) == 0 || args[0] == "":
			return usageError("name %s", what)
		case len(args) > 1:
			return usageError("name %s, and nothing after it: %q is too much", what, args[1])
		}
		return nil
	}
}

func noArgs(_ *cobra.Command, args []string) error {
	if len(args) > 0 {
		return usageError("%q is too much: this takes flags only", args[0])
	}
	return nil
}
