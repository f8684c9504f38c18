package cardinalityprocessor

import (
	"fmt"
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
	"go.uber.org/zap"
)

// fault is something that keeps the processor from doing its work for a while.
type fault int

const (
	logFault   fault = iota // the state log cannot be written: merged points are refused
	forceFault              // it is written and not forced to the disk
	sendFault               // a tick is not accepted
	snapshotFault
	atticFault
	reportFault
	faults
)

var faultTexts = [faults]struct{ begins, ends string }{
	logFault:      {"the state log cannot be written; calls with merged points are refused", "the state log is written again"},
	forceFault:    {"the state log cannot be forced to the disk", "the state log is forced to the disk again"},
	sendFault:     {"a tick is not accepted; it is sent again and no other is computed meanwhile", "ticks are accepted again"},
	snapshotFault: {"no snapshot of the state can be written; the log grows", "snapshots of the state are written again"},
	atticFault:    {"what was learned cannot be saved", "what was learned is saved again"},
	reportFault:   {"the report about label values cannot be written", "the report about label values is written again"},
}

// health tells log and component status once when a fault begins and once when it ends.
type health struct {
	log  *zap.Logger
	host component.Host

	mu   sync.Mutex
	open [faults]bool
}

func (h *health) begin(f fault, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.open[f] {
		return
	}
	h.open[f] = true
	h.log.Error(faultTexts[f].begins, zap.Error(err))
	componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(
		fmt.Errorf("%s: %w", faultTexts[f].begins, err)))
}

func (h *health) end(f fault) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !h.open[f] {
		return
	}
	h.open[f] = false
	h.log.Info(faultTexts[f].ends)
	if h.open == ([faults]bool{}) {
		componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}
