package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/nyaruka/phonenumbers"

	"github.com/outdial/outdial/contracts/api"
)

// checkRow measures the check of a call list, from the request to its answer.
func checkRow() row {
	return row{
		name:    "checking 100,000 rows of CSV, request to answer",
		against: "bare `phonenumbers`: parse and validity of the same numbers, one after the other",
		aim:     atMost(1.3),
		run:     runCheck,
	}
}

func runCheck(ctx context.Context, o options) (_ result, err error) {
	h, err := openHouse(ctx, o.dir, "check")
	if err != nil {
		return result{}, err
	}
	defer func() { err = errors.Join(err, h.close()) }()
	numbers := numbers(o.size(100_000, 500))
	list := callList(numbers)
	bare := func(context.Context) (effort, error) { return timed(func() (int, error) { return parseAll(numbers) }) }
	p, err := inPairs(ctx, o, 4, func(ctx context.Context) (effort, error) {
		return timed(func() (int, error) { return h.submitList(ctx, list, true) })
	}, bare)
	if err != nil {
		return result{}, err
	}
	accepted, err := inPairs(ctx, o, 2, func(ctx context.Context) (effort, error) {
		return timed(func() (int, error) { return h.submitList(ctx, list, false) })
	}, bare)
	if err != nil {
		return result{}, err
	}
	return p.costs(byWall, fmt.Sprintf(
		"%.1f µs a row against %.1f µs; of the processor's time %.2f times as much; with the rows stored and the batch accepted %.2f times",
		1e6*typical(p.ours, byWall), 1e6*typical(p.theirs, byWall),
		p.costs(byCPU, "").ratio, accepted.costs(byWall, "").ratio)), nil
}

// submitList has a call list checked, or checked and accepted, and tells how many
// rows were found well.
func (h *house) submitList(ctx context.Context, list []byte, dryRun bool) (int, error) {
	status := http.StatusAccepted
	if dryRun {
		status = http.StatusOK
	}
	query := url.Values{"region": {region}, "dry_run": {strconv.FormatBool(dryRun)}}
	answer, err := h.post(ctx, "/batches?"+query.Encode(), "text/csv", list, status)
	if err != nil {
		return 0, err
	}
	var preview api.BatchPreview
	return preview.Rows, json.Unmarshal(answer, &preview)
}

// parseAll tells how many of the numbers are valid.
func parseAll(numbers []string) (int, error) {
	valid := 0
	for _, number := range numbers {
		n, err := phonenumbers.Parse(number, region)
		if err != nil {
			return 0, fmt.Errorf("%s: %w", number, err)
		}
		if phonenumbers.IsValidNumber(n) {
			valid++
		}
	}
	return valid, nil
}
