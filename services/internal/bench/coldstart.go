package main

import (
	"archive/zip"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"time"
)

// helloWorld is the peer of the rows about Lambda.
const helloWorld = "a hello-world in Go that links the same clients of AWS and `phonenumbers`"

// coldStartRow measures what somebody waits for whose request needs a new
// instance of the api: its program's start and first answer.
func coldStartRow() row {
	return row{name: "Lambda: cold start of `api`, to its first answer", against: helloWorld, aim: atMost(1.2), run: runColdStart}
}

func runColdStart(ctx context.Context, o options) (result, error) {
	built, err := buildPrograms(ctx, o.dir, apiProgram, helloProgram)
	if err != nil {
		return result{}, err
	}
	event, err := health()
	if err != nil {
		return result{}, err
	}
	answer, _, err := built.coldStart(ctx, apiProgram, event, nil)
	if err != nil {
		return result{}, err
	}
	of := func(program string) side {
		return func(ctx context.Context) (all effort, err error) {
			for range o.size(3, 1) {
				_, e, err := built.coldStart(ctx, program, event, answer)
				if err != nil {
					return all, err
				}
				all.work, all.wall, all.cpu = all.work+e.work, all.wall+e.wall, all.cpu+e.cpu
			}
			return all, nil
		}
	}
	p, err := inPairs(ctx, o, 30, of(apiProgram), of(helloProgram))
	if err != nil {
		return result{}, err
	}
	return p.costs(byWall, fmt.Sprintf("%.1f ms against %.1f ms; of the processor's time %.2f times as much",
		1e3*typical(p.ours, byWall), 1e3*typical(p.theirs, byWall), p.costs(byCPU, "").ratio)), nil
}

// coldStart starts a program, asks it once, and ends it.
func (p programs) coldStart(ctx context.Context, program string, event, helloAnswer []byte) (answer []byte, e effort, err error) {
	runtime.GC() // what was left over by the one before isn't counted
	began := time.Now()
	running, err := p.start(ctx, program, helloAnswer)
	if err != nil {
		return nil, e, err
	}
	answer, err = running.ask(ctx, event, http.StatusOK)
	e = effort{work: 1, wall: time.Since(began)}
	err = running.close(err)
	e.cpu = running.CPU()
	return answer, e, err
}

// sizeRow measures what is stored, and fetched for each new instance.
func sizeRow() row {
	return row{name: "Lambda: zipped `bootstrap` of `api`", against: helloWorld, aim: atMost(1.3), run: runSize}
}

func runSize(ctx context.Context, o options) (result, error) {
	built, err := buildPrograms(ctx, o.dir, apiProgram, helloProgram)
	if err != nil {
		return result{}, err
	}
	ours, err := zipped(built.path(apiProgram))
	if err != nil {
		return result{}, err
	}
	theirs, err := zipped(built.path(helloProgram))
	if err != nil {
		return result{}, err
	}
	return result{
		ratio: float64(ours) / float64(theirs),
		note:  fmt.Sprintf("%.2f MB against %.2f MB, for %s", float64(ours)/1e6, float64(theirs)/1e6, runtime.GOARCH),
	}, nil
}

// counter counts what is written to it.
type counter int64

// Write counts.
func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// zipped is how many bytes a program has as a function's code.
func zipped(program string) (size counter, err error) {
	file, err := os.Open(program)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	archive := zip.NewWriter(&size)
	entry, err := archive.Create("bootstrap")
	if err != nil {
		return 0, err
	}
	if _, err := io.Copy(entry, file); err != nil {
		return 0, err
	}
	return size, archive.Close()
}
