package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// machine is where and when the table was measured, in one line.
func machine(ctx context.Context, now time.Time) string {
	return fmt.Sprintf("Measured %s: %s, %d cores, %s of memory, %s, %s.",
		now.UTC().Format(time.DateOnly), processor(ctx), runtime.NumCPU(), memorySize(ctx), runtime.Version(), system(ctx))
}

// processor is the name of the processor.
func processor(ctx context.Context) string {
	if name := fromFile("/proc/cpuinfo", `(?m)^model name\s*: (.+)$`); name != "" {
		return name
	}
	if name := fromCommand(ctx, "sysctl", "-n", "machdep.cpu.brand_string"); name != "" {
		return name
	}
	return runtime.GOARCH
}

// memorySize is how much memory the machine has.
func memorySize(ctx context.Context) string {
	bytes, err := strconv.ParseFloat(fromFile("/proc/meminfo", `(?m)^MemTotal:\s+(\d+) kB$`), 64)
	bytes *= 1 << 10
	if err != nil {
		bytes, err = strconv.ParseFloat(fromCommand(ctx, "sysctl", "-n", "hw.memsize"), 64)
	}
	if err != nil {
		return "an unknown size"
	}
	return fmt.Sprintf("%.0f GiB", bytes/(1<<30))
}

// system is the operating system with its version.
func system(ctx context.Context) string {
	if name := fromCommand(ctx, "uname", "-srm"); name != "" {
		return name
	}
	return runtime.GOOS + " " + runtime.GOARCH
}

// fromFile is the first group of a pattern in a file; "" when there is none.
func fromFile(path, pattern string) string {
	content, err := os.ReadFile(path)
	if err != nil {
		return ""
	}
	if found := regexp.MustCompile(pattern).FindSubmatch(content); found != nil {
		return strings.TrimSpace(string(found[1]))
	}
	return ""
}

// fromCommand is what a command prints; "" when it can't be run.
func fromCommand(ctx context.Context, name string, args ...string) string {
	out, err := exec.CommandContext(ctx, name, args...).Output() //nolint:gosec // the commands are the constants above
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}
