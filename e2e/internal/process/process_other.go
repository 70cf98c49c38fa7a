//go:build !linux

// Package process says how the programs under test are started.
package process

import "syscall"

// Attributes keep the terminal's signals from a program.
func Attributes() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
