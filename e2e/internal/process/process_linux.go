// Package process says how the programs under test are started.
package process

import "syscall"

// Attributes have the kernel kill a program with the tests that started it, even
// while it is frozen, and keep the terminal's signals from it.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
