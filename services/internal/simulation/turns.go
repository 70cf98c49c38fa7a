package simulation

import "github.com/outdial/outdial/services/internal/call"

// watchTurn: nobody is passed over for ever. While a lane is in turn, others are
// served only so often before it. The bound is generous, since several workers
// may each go by what they read a while ago. With lists that lag or wrong clocks
// there is none.
func (w *world) watchTurn(served call.LaneKey) {
	if w.profile[Stale] > 0 || !w.profile.clocksAreRight() {
		return
	}
	waiting, _ := w.store.WaitingLanes(w.ctx)
	owners, lanes := map[string]bool{}, 0
	for _, l := range waiting {
		if l.InTurn() {
			owners[l.Owner] = true
			lanes++
		}
	}
	for _, l := range waiting {
		if !l.InTurn() {
			delete(w.records.passed, l.LaneKey)
			continue
		}
		w.records.passed[l.LaneKey]++
		most := (w.most.workers + 1) * (len(owners) + 1) * (lanes + 1)
		if n := w.records.passed[l.LaneKey]; n > most && l.LaneKey != served {
			w.violate("no lane starves", "%s is in turn and was passed over %d times, by %d lanes", l, n, lanes)
		}
	}
	delete(w.records.passed, served)
}
