package lambda

import (
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

// maxChain is how often a function is invoked in one chain of requests until
// Lambda takes it for a mistake.
const maxChain = 16

// ErrLoop is answered to an invocation that follows from too many of the same
// function, unless the function's configuration allows it
// (docs.aws.amazon.com/lambda/latest/dg/invocation-recursion.html).
var ErrLoop = errors.New("RecursiveInvocationException: the function was invoked too often in one chain of requests")

// lineage is how often each function was invoked in a chain of requests. It travels
// in the trace header: Lambda hands it to the function, the SDK hands it on with
// each call to AWS, SQS keeps it with a message, and the mapping hands it back.
type lineage map[string]int

// readLineage reads trace headers, such as "Root=1-…;Lineage=a87bd80c:1|68fd508a:5".
// Of several, which are the messages of a batch, the longest chain counts.
func readLineage(traces []string) lineage {
	l := lineage{}
	for _, trace := range traces {
		if plain, err := url.PathUnescape(trace); err == nil { // the SDK escapes "|"
			trace = plain
		}
		for part := range strings.SplitSeq(trace, ";") {
			counts, found := strings.CutPrefix(part, "Lineage=")
			if !found {
				continue
			}
			for one := range strings.SplitSeq(counts, "|") {
				function, count, _ := strings.Cut(one, ":")
				if n, err := strconv.Atoi(count); err == nil {
					l[function] = max(l[function], n)
				}
			}
		}
	}
	return l
}

// trace is the header that the lineage travels in.
func (l lineage) trace() string {
	var counts []string
	for _, function := range slices.Sorted(maps.Keys(l)) {
		counts = append(counts, fmt.Sprint(function, ":", l[function]))
	}
	return "Root=1-00000000-000000000000000000000000;Parent=0000000000000000;Sampled=0;Lineage=" + strings.Join(counts, "|")
}

// mark is what a function is called in a lineage.
func mark(name string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(name))
	return fmt.Sprintf("%08x", h.Sum32())
}

// follow adds an invocation to the chain that the traces tell of, and gives the
// trace that goes on.
func (f *Function) follow(traces []string) (trace string, err error) {
	l := readLineage(traces)
	n := l[f.mark] + 1
	if n > maxChain && !f.config.AllowsLoops {
		return "", ErrLoop
	}
	l[f.mark] = n
	f.mu.Lock()
	defer f.mu.Unlock()
	f.longest = max(f.longest, n)
	return l.trace(), nil
}

// Chain is the trace header of a request that follows from so many invocations of
// the function.
func (f *Function) Chain(n int) string { return lineage{f.mark: n}.trace() }

// LongestChain is how many invocations of the function followed from each other at most.
func (f *Function) LongestChain() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.longest
}
