package aggregate

import (
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Ref is an input in this process, issued by Resolve.
type Ref uint32

// inputKind is what an input's points were, which tells what `last` holds.
type inputKind uint8

const (
	kindNone        inputKind = iota // no point yet
	kindGauge                        // bits of the value; cumulative non-monotonic sums too
	kindCounter                      // bits of the value
	kindDelta                        // place in details: window
	kindHistogram                    // place in details: histogram; summaries too
	kindExponential                  // place in details: exponential
	inputKinds
)

const (
	flagPending = 1 << iota // issued by Resolve, not yet in a record that was applied
	flagKnown               // part of the state; neither: the slot is vacant
	flagLive                // it has a point younger than its window and no stale marker
	flagDouble              // last is a double
)

// input is a series that comes in. Live and ended ones have the same form, without pointers: a million of them cost the
// garbage collector nothing.
type input struct {
	id      ID
	last    uint64            // see inputKind
	at      pcommon.Timestamp // time of its newest point
	start   pcommon.Timestamp // of its newest incarnation, 0: unknown
	seen    pcommon.Timestamp // clock when a point was last absorbed
	out     uint32
	spacing uint16 // of its points, smoothed, in spacingUnit; 0: not known yet
	kind    inputKind
	flags   uint8
}

const (
	spacingUnit = pcommon.Timestamp(2 * time.Millisecond) // spacings up to 131 s fit 16 bits
	maxWindow   = pcommon.Timestamp(5 * time.Minute)
	maxSpacing  = maxWindow * 2 / 5
)

func (in *input) has(flag uint8) bool { return in.flags&flag != 0 }

func (in *input) value() number { return number{bits: in.last, double: in.has(flagDouble)} }

func (in *input) keep(v number) {
	in.last = v.bits
	in.flags &^= flagDouble
	if v.double {
		in.flags |= flagDouble
	}
}

// window is how long a point keeps its input live.
func (in *input) window() pcommon.Timestamp {
	if in.spacing == 0 {
		return maxWindow
	}
	return min(maxWindow, pcommon.Timestamp(in.spacing)*spacingUnit*5/2)
}

// touch notes a point of time at that arrived at clock. Points that arrive together, such as a batch of a whole minute,
// say nothing about when the next will arrive: spacing is the longer one of the gaps in time and in arrival.
func (in *input) touch(at, clock pcommon.Timestamp) {
	if in.at != 0 && (in.spacing == 0 || clock > in.seen) {
		gap := at - min(at, in.at)
		if clock > in.seen {
			gap = max(gap, clock-in.seen)
		}
		units := int(max(1, min(gap, maxSpacing)/spacingUnit))
		if in.spacing != 0 {
			units = int(in.spacing) + (units-int(in.spacing))/4
		}
		in.spacing = uint16(units)
	}
	in.at = max(in.at, at)
	in.seen = clock
	in.flags |= flagLive
}

// inputTable holds inputs by Ref in pages, so that growing copies nothing. A page of vacant slots alone may be nil.
type inputTable struct {
	pages []*[pageSize]input
	slots int // issued so far, vacant ones included
}

const pageSize = 4096

// at returns an input that was issued.
func (t *inputTable) at(ref Ref) *input { return &t.pages[ref/pageSize][ref%pageSize] }

// known returns the input of any ref, nil if it is not part of the state.
func (t *inputTable) known(ref Ref) *input {
	if int(ref) >= t.slots || t.pages[ref/pageSize] == nil || !t.at(ref).has(flagKnown) {
		return nil
	}
	return t.at(ref)
}

// vacant tells whether nothing has the slot.
func (t *inputTable) vacant(ref Ref) bool {
	return t.pages[ref/pageSize] == nil || t.at(ref).flags == 0
}

// extend makes ref a valid slot.
func (t *inputTable) extend(ref Ref) {
	page := int(ref / pageSize)
	for page >= len(t.pages) {
		t.pages = append(t.pages, nil)
	}
	if t.pages[page] == nil {
		t.pages[page] = new([pageSize]input)
	}
	t.slots = max(t.slots, int(ref)+1)
}

// all yields the inputs that are part of the state, by ascending ref.
func (t *inputTable) all(yield func(Ref, *input) bool) {
	for p, page := range t.pages {
		if page == nil {
			continue
		}
		for i := range page {
			if in := &page[i]; in.has(flagKnown) && !yield(Ref(p*pageSize+i), in) {
				return
			}
		}
	}
}
