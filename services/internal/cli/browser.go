package cli

import (
	"context"
	"errors"
	"os/exec"
	"runtime"
)

// desktopBrowser opens addresses in the browser of the desktop. Where there is no
// desktop it refuses: a browser in the terminal would take the terminal over.
func desktopBrowser(env func(string) string) func(ctx context.Context, address string) error {
	return func(ctx context.Context, address string) error {
		program := "xdg-open"
		switch {
		case runtime.GOOS == "darwin":
			program = "open"
		case env("DISPLAY") == "" && env("WAYLAND_DISPLAY") == "":
			return errors.New("there is no desktop")
		}
		cmd := exec.CommandContext(ctx, program, address) //nolint:gosec // G204: a fixed program, and the address is one argument
		if err := cmd.Start(); err != nil {
			return err
		}
		go func() { _ = cmd.Wait() }() // whether it opened is seen by whether somebody signs in
		return nil
	}
}
