package serve

import (
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/lmittmann/tint"
)

// newLog is JSON for machines, and lines for people on a terminal.
func newLog(c Config) *slog.Logger {
	level := slog.LevelInfo
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		level = slog.LevelInfo // Validate has refused it
	}
	if c.LogFormat == "text" || c.LogFormat == "auto" && c.ErrIsTerminal {
		return slog.New(tint.NewTextHandler(c.Err, &tint.Options{Level: level, TimeFormat: time.TimeOnly, NoColor: !c.ErrIsTerminal}))
	}
	return slog.New(slog.NewJSONHandler(c.Err, &slog.HandlerOptions{Level: level}))
}

func checkLog(c Config) error {
	var level slog.Level
	if err := level.UnmarshalText([]byte(c.LogLevel)); err != nil {
		return fmt.Errorf("%q is none of debug, info, warn and error", c.LogLevel)
	}
	if !strings.Contains(" auto text json ", " "+c.LogFormat+" ") {
		return fmt.Errorf("%q is none of auto, text and json", c.LogFormat)
	}
	return nil
}
