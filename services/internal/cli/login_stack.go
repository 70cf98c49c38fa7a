package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/outdial/outdial/services/internal/cloudformation"
)

// The outputs of infra/template.yaml that a sign-in takes.
const (
	outputURL      = "ApiUrl"
	outputIssuer   = "Issuer"
	outputClientID = "ClientId"
	outputScopes   = "Scopes"
	outputRedirect = "CliCallbackUrl"
)

// loginWithStack signs in to the server that a CloudFormation stack made. Another
// name for that server, such as a domain of one's own, is taken as given.
func (a *app) loginWithStack(ctx context.Context, flags loginFlags) error {
	outputs, err := a.StackOutputs(ctx, flags.stack)
	if err != nil {
		return stackError(ctx, err)
	}
	for _, name := range []string{outputURL, outputIssuer, outputClientID, outputScopes, outputRedirect} {
		if outputs[name] == "" {
			return &exitError{
				code: exitUnexpected, message: fmt.Sprintf("the stack %s has no output %s", flags.stack, name),
				advice: "Is it the one that `make deploy` made, and is that finished? Name the root stack.",
			}
		}
	}
	address, from := first(named{a.flags.url, "--url"}, named{a.Env(envURL), envURL}, named{outputs[outputURL], outputURL})
	server, err := tidyURL(address)
	if err != nil {
		return usageError("%s: %v", from, err)
	}
	flags.issuer, flags.clientID, flags.redirect = outputs[outputIssuer], outputs[outputClientID], outputs[outputRedirect]
	if len(flags.scopes) == 0 {
		flags.scopes = strings.Fields(outputs[outputScopes])
	}
	return a.loginWithBrowser(ctx, server, flags)
}

func stackError(ctx context.Context, err error) error {
	e := &exitError{code: exitUnexpected, message: err.Error(), cause: err}
	_, isNetwork := errors.AsType[*url.Error](err)
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case isNetwork:
		e.code, e.message = exitUnreachable, fmt.Sprintf("can't reach AWS CloudFormation: %v", innermost(err))
	case errors.Is(err, cloudformation.ErrNoRegion):
		e.code, e.advice = exitUsage, "Name it with AWS_REGION, or a profile that has one with AWS_PROFILE."
	case errors.Is(err, cloudformation.ErrNotAllowed):
		e.code, e.advice = exitForbidden, "It takes cloudformation:DescribeStacks. Sign in to AWS with `aws login` or `aws sso login`, or name a profile with AWS_PROFILE."
	case errors.Is(err, cloudformation.ErrNoStack):
		e.code, e.advice = exitNotFound, "Is it in another region (AWS_REGION) or account (AWS_PROFILE)?"
	}
	return e
}
