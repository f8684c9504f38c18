package orderedremotewriteexporter

import (
	"sync"

	"go.opentelemetry.io/collector/component"
	"go.opentelemetry.io/collector/component/componentstatus"
)

// health owns the component's status: a recoverable error while anything is wrong,
// and OK again when nothing is.
type health struct {
	host component.Host

	mu     sync.Mutex // so that what is reported last is true
	causes [causes]bool
}

// cause is something that may be wrong. Each is told by one caller at a time.
type cause uint8

const (
	dataHeld cause = iota
	diskFails
	causes // how many there are
)

// begin notes that something is wrong.
func (h *health) begin(c cause, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.causes
	h.causes[c] = true
	if was == ([causes]bool{}) {
		componentstatus.ReportStatus(h.host, componentstatus.NewRecoverableErrorEvent(err))
	}
}

// end notes that it is right again.
func (h *health) end(c cause) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.causes
	h.causes[c] = false
	if was != h.causes && h.causes == ([causes]bool{}) {
		componentstatus.ReportStatus(h.host, componentstatus.NewEvent(componentstatus.StatusOK))
	}
}

// fatal asks for the end of the process. The report waits until somebody hears it, who
// may be waiting for us.
func (h *health) fatal(err error) {
	go componentstatus.ReportStatus(h.host, componentstatus.NewFatalErrorEvent(err))
}
