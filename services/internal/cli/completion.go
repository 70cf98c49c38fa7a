package cli

import (
	"context"
	"encoding/json"
	"net/http"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/outdial/outdial/contracts/api"
)

func (a *app) versionCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:               "version",
		Short:             "Print the version",
		Example:           "  outdial version",
		Args:              noArgs,
		ValidArgsFunction: cobra.NoFileCompletions,
	}
	cmd.RunE = a.run(func(context.Context, []string) error {
		if a.flags.json {
			return a.out.value(map[string]string{"version": a.Version, "go": runtime.Version(), "os": runtime.GOOS, "arch": runtime.GOARCH})
		}
		a.out.line("outdial %s (%s, %s/%s)", a.Version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
		return nil
	})
	return cmd
}

func (a *app) completionCommand() *cobra.Command {
	shells := []string{"bash", "zsh", "fish", "powershell"}
	cmd := &cobra.Command{
		Use:   "completion SHELL",
		Short: "Print a script that completes commands in a shell",
		Long:  "Print a script that completes commands, flags and ids in bash, zsh, fish or powershell.",
		Example: `  source <(outdial completion bash)
  outdial completion zsh > "${fpath[1]}/_outdial"
  outdial completion fish > ~/.config/fish/completions/outdial.fish`,
		Args:      oneArg("the shell: " + orList(shells)),
		ValidArgs: shells,
	}
	cmd.RunE = a.run(func(_ context.Context, args []string) error {
		root := cmd.Root()
		switch args[0] {
		case "bash":
			return root.GenBashCompletionV2(a.Out, true)
		case "zsh":
			return root.GenZshCompletion(a.Out)
		case "fish":
			return root.GenFishCompletion(a.Out, true)
		case "powershell":
			return root.GenPowerShellCompletionWithDesc(a.Out)
		}
		return usageError("there is no completion for %q; there is for %s", args[0], orList(shells))
	})
	return cmd
}

const (
	completionTime  = 2 * time.Second // a shell that waits longer is a nuisance
	completionCount = 30
)

// completeBatches offers the newest batches.
func (a *app) completeBatches(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return complete(a, cmd, args, func(ctx context.Context, c *client) (*http.Response, error) {
		limit := completionCount
		return c.api.ListBatches(ctx, &api.ListBatchesParams{Limit: &limit})
	}, func(page api.BatchList) []cobra.Completion {
		var found []cobra.Completion
		for _, b := range page.Batches {
			about := string(b.Status)
			if b.Name != nil && *b.Name != "" {
				about += ", " + *b.Name
			}
			found = append(found, cobra.CompletionWithDesc(plain(b.ID), plain(about)))
		}
		return found
	})
}

// completeCalls offers the newest calls.
func (a *app) completeCalls(cmd *cobra.Command, args []string, _ string) ([]cobra.Completion, cobra.ShellCompDirective) {
	return complete(a, cmd, args, func(ctx context.Context, c *client) (*http.Response, error) {
		limit := completionCount
		return c.api.ListCalls(ctx, &api.ListCallsParams{Limit: &limit})
	}, func(page api.CallList) []cobra.Completion {
		var found []cobra.Completion
		for _, call := range page.Calls {
			found = append(found, cobra.CompletionWithDesc(plain(call.ID), plain(string(call.Status)+", "+call.PhoneNumber)))
		}
		return found
	})
}

// complete asks the server once, and offers nothing if that fails: a shell has no
// place for errors.
func complete[T any](
	a *app, cmd *cobra.Command, args []string,
	get func(context.Context, *client) (*http.Response, error), offer func(T) []cobra.Completion,
) ([]cobra.Completion, cobra.ShellCompDirective) {
	const directive = cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
	if len(args) > 0 {
		return nil, directive
	}
	c, err := a.client()
	if err != nil {
		return nil, directive
	}
	ctx, cancel := context.WithTimeout(cmd.Context(), completionTime)
	defer cancel()
	answer, err := c.once(ctx, func(ctx context.Context) (*http.Response, error) { return get(ctx, c) })
	if err != nil {
		return nil, directive
	}
	var page T
	if json.Unmarshal(answer.body, &page) != nil {
		return nil, directive
	}
	return offer(page), directive
}
