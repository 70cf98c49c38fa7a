package cli

import (
	"context"
	"errors"
	"os"
	"strings"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

// agentFlags are the settings of the agent.
type agentFlags struct {
	instructions, instructionsFile string
	voice, firstWords, language    string
	timeLimit                      secondsFlag
}

func (f *agentFlags) add(cmd *cobra.Command) {
	flags := cmd.Flags()
	flags.StringVar(&f.instructions, "instructions", "", "what the agent is to do, in plain words")
	flags.StringVar(&f.instructionsFile, "instructions-file", "", "a file with the instructions")
	flags.StringVar(&f.voice, "voice", "", "the name of the voice")
	flags.StringVar(&f.firstWords, "first-words", "", "what the agent says first, word for word")
	flags.StringVar(&f.language, "language", "", "the language to speak, such as en-GB")
	flags.Var(&f.timeLimit, "time-limit", "after how much talk the agent hangs up, such as 180 or 3m")
	flags.Lookup("time-limit").DefValue = "" // the server's
	cmd.MarkFlagsMutuallyExclusive("instructions", "instructions-file")
}

// settings are those that are given.
func (f *agentFlags) settings(cmd *cobra.Command) (api.AgentSettings, error) {
	s := api.AgentSettings{
		Instructions: optional(f.instructions),
		Voice:        optional(f.voice),
		FirstWords:   optional(f.firstWords),
		Language:     optional(f.language),
		TimeLimit:    given(cmd.Flags(), "time-limit", int(f.timeLimit)),
	}
	if f.instructionsFile != "" {
		data, err := os.ReadFile(f.instructionsFile)
		if err != nil {
			return s, usageError("--instructions-file: %v", err)
		}
		s.Instructions = optional(strings.TrimSpace(strings.TrimPrefix(string(data), "\ufeff")))
	}
	return s, nil
}

// keyFlag names the flag with the Idempotency-Key; --key is short for it.
const keyFlag = "idempotency-key"

// submitFlags are those of everything that is submitted.
type submitFlags struct {
	agent  agentFlags
	region string
	key    string
	wait   bool
}

func (f *submitFlags) add(cmd *cobra.Command, wait string) {
	flags := cmd.Flags()
	flags.StringVar(&f.region, "region", "", "the country in which national numbers are dialed, such as GB")
	flags.StringVar(&f.key, keyFlag, "", "submit at most once under this key (also --key; default: a new one)")
	flags.BoolVar(&f.wait, "wait", false, wait)
	f.agent.add(cmd)
}

func (f *submitFlags) regionCode() *string { return optional(strings.ToUpper(f.region)) }

// idempotencyKey is the given key, or a new one.
func (a *app) idempotencyKey(given string) (*string, error) {
	switch {
	case given == "":
		id, err := uuid.NewRandomFromReader(a.Rand)
		if err != nil {
			return nil, err
		}
		return optional(id.String()), nil
	case len(given) > 255 || !isVisibleASCII(given):
		return nil, usageError("--%s: it must be 1 to 255 visible ASCII characters", keyFlag)
	}
	return &given, nil
}

// perhapsAccepted adds to an error that leaves open whether something was
// submitted, how to find out without submitting it twice.
func (a *app) perhapsAccepted(ctx context.Context, err error, key string) error {
	network, isNetwork := errors.AsType[*networkError](err)
	problem, isProblem := errors.AsType[*problemError](err)
	if ctx.Err() == nil && (!isNetwork || !network.sent) && (!isProblem || problem.Status < 500) {
		return err
	}
	e := a.explain(ctx, err)
	e.advice = strings.TrimLeft(e.advice+"\nIt may have been accepted. To find out and not submit it twice,\nrun the same command again with --"+keyFlag+" "+shellWord(key), "\n")
	return &e
}

// tellReplay says that the answer is an old one.
func (a *app) tellReplay(answer *reply) {
	if answer.header.Get(api.HeaderIdempotentReplayed) == "true" {
		a.screen.note("It had been submitted before under this key; nothing was submitted now.")
	}
}
