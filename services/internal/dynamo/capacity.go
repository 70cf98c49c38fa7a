package dynamo

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/outdial/outdial/services/internal/call"
)

var errNoCapacity = errors.New("the table has no capacity yet")

// Capacity reads slots, rate and stop.
func (s *Store) Capacity(ctx context.Context) (call.Capacity, error) {
	stored, err := s.get(ctx, capacityKey)
	if err != nil {
		return call.Capacity{}, fmt.Errorf("read the capacity: %w", err)
	}
	if stored == nil {
		return s.start, nil // it is written with the first change
	}
	return capacityOf(stored)
}

// SetCapacity writes limit, rate, stop with its time and author, version and time of after.
func (s *Store) SetCapacity(ctx context.Context, before, after call.Capacity) error {
	return s.settle(ctx, func(int) ([]*action, error) {
		a := &action{at: capacityKey, set: item{
			"limit": num(int64(after.Limit)), "rate": float(after.Rate), "stopped": boolean(after.Stopped),
			"stopped_at": num(nanos(after.StoppedAt)), "stopped_by": str(after.StoppedBy),
			"version": num(after.Version), "updated_at": num(nanos(after.UpdatedAt)),
		}}
		a.where("#version = :version", item{":version": num(before.Version)})
		a.refused = func(stored item) error {
			if stored == nil {
				return errNoCapacity
			}
			return call.ErrConflict
		}
		return []*action{a}, nil
	})
}

// startCapacity writes what a new table starts with.
func (s *Store) startCapacity(ctx context.Context) error {
	a := &action{put: capacityItem(s.start)}
	a.absent()
	a.refused = func(item) error { return nil } // somebody else was first
	err := s.write(ctx, []*action{a})
	if errors.Is(err, call.ErrUnclear) {
		return nil // the write that wants it finds out
	}
	return err
}

// capacity adds the change's slots, takes its rate token, counts its admission and
// begins its backoff, unless a later one stands already.
func (t *transaction) capacity(ch call.Change, backoff **call.Backoff) {
	slots := ch.Slots()
	if slots == 0 && ch.Admission == nil && *backoff == nil {
		return
	}
	a := &action{at: capacityKey, add: item{"in_use": num(int64(slots))}}
	a.where("attribute_exists(#PK)", nil)
	if slots < 0 {
		a.where("#in_use >= :freed", item{":freed": num(int64(-slots))})
	}
	if adm := ch.Admission; adm != nil {
		a.where("#stopped = :no AND #backoff_until <= :now AND #in_use < #limit AND #version = :version AND #rate_at = :rate_before", item{
			":version": num(adm.Version), ":no": boolean(false), ":now": num(nanos(adm.Now)), ":rate_before": num(nanos(adm.RateBefore)),
		})
		a.assign(item{"rate_at": num(nanos(adm.RateAfter))})
		a.add["admitted"] = num(1)
	}
	if b := *backoff; b != nil {
		a.where("#backoff_until < :until", item{":until": num(nanos(b.Until))})
		a.assign(item{"backoff_until": num(nanos(b.Until)), "backoff_step": num(int64(b.Step))})
	}
	a.refused = func(stored item) error {
		if stored == nil {
			return errNoCapacity
		}
		c, err := capacityOf(stored)
		if err != nil {
			return err
		}
		if ch.Admission != nil {
			if err := c.Check(*ch.Admission); err != nil {
				return err
			}
		}
		if c.InUse+slots < 0 {
			return fmt.Errorf("slots in use would be below zero: %w", call.ErrCorrupt)
		}
		if b := *backoff; b != nil && !b.Until.After(c.BackoffUntil) {
			*backoff = nil // it never goes back, so the later one stands for good
		}
		return errStale
	}
	t.do(a, nil)
}

func capacityItem(c call.Capacity) item {
	stored := capacityKey.item()
	maps.Copy(stored, item{
		"limit": num(int64(c.Limit)), "in_use": num(int64(c.InUse)), "admitted": num(c.Admitted), "rate": float(c.Rate),
		"stopped": boolean(c.Stopped), "stopped_at": num(nanos(c.StoppedAt)), "stopped_by": str(c.StoppedBy),
		"rate_at": num(nanos(c.RateAt)), "backoff_until": num(nanos(c.BackoffUntil)), "backoff_step": num(int64(c.BackoffStep)),
		"version": num(c.Version), "updated_at": num(nanos(c.UpdatedAt)),
	})
	return stored
}

func capacityOf(stored item) (call.Capacity, error) {
	rate, ok := stored["rate"].(*types.AttributeValueMemberN)
	if !ok {
		return call.Capacity{}, fmt.Errorf("the capacity has no rate: %w", call.ErrCorrupt)
	}
	perSecond, err := strconv.ParseFloat(rate.Value, 64)
	if err != nil {
		return call.Capacity{}, fmt.Errorf("the capacity's rate: %w: %w", call.ErrCorrupt, err)
	}
	return call.Capacity{
		Limit: int(numOf(stored, "limit")), InUse: int(numOf(stored, "in_use")), Admitted: numOf(stored, "admitted"), Rate: perSecond,
		Stopped: boolOf(stored, "stopped"), StoppedAt: timeOf(numOf(stored, "stopped_at")), StoppedBy: strOf(stored, "stopped_by"),
		RateAt: timeOf(numOf(stored, "rate_at")), BackoffUntil: timeOf(numOf(stored, "backoff_until")),
		BackoffStep: time.Duration(numOf(stored, "backoff_step")),
		Version:     numOf(stored, "version"), UpdatedAt: timeOf(numOf(stored, "updated_at")),
	}, nil
}

func float(f float64) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatFloat(f, 'g', -1, 64)}
}
