package agent

import (
	"crypto/rand"
	"encoding/hex"
	"os"
	"os/signal"
	"syscall"
)

// StopSignal is closed when this process is asked to end, by SIGTERM or by an
// interrupt. A program takes it first of all: a signal that comes before would
// end it on the spot, with a call under way.
func StopSignal() <-chan struct{} {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTERM, os.Interrupt)
	stop := make(chan struct{})
	go func() {
		<-signals
		close(stop)
	}()
	return stop
}

// NewNonce gives 32 hexadecimal digits that nobody can guess: what a dial is
// marked with, at the carrier too (see Ports).
func NewNonce() string {
	var nonce [16]byte
	rand.Read(nonce[:])
	return hex.EncodeToString(nonce[:])
}
