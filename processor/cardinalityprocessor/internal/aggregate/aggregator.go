package aggregate

import (
	"sync"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Options of an Aggregator. What Apply depends on travels in the records, so they may differ from life to life.
type Options struct {
	// Epoch is not 0 when an earlier life may have delivered what this one cannot know: the process start if there is no
	// storage, the moment of loss if the state was lost. Then every output starts there, from zero, and inputs whose
	// start is unknown or older are baselines. With 0 an output is born as the sum of its inputs. A state that was
	// loaded or replayed keeps its own.
	Epoch pcommon.Timestamp
	// BirthDelay is how long an output with inputs of unknown start waits for more of them. 0: two spacings of its
	// inputs, at most 30 s.
	BirthDelay time.Duration
	// TombstoneTTL is how long what is known of ended inputs and outputs is kept. 0: 24 h.
	TombstoneTTL time.Duration
	// MaxInputs limits live inputs, MaxTombstones ended ones. 0: 1,000,000 each.
	MaxInputs, MaxTombstones int
	// Locker is the mutex that guards the Aggregator; Render holds it while it copies a chunk. Nil: no locking.
	Locker sync.Locker
}

// Aggregator is the state. Not safe for concurrent use, except for Batch's methods that say so, and Render.
type Aggregator struct {
	options Options

	// The state proper: what Save writes.
	begun   bool              // a record with the epoch was applied
	epoch   pcommon.Timestamp // see Options
	clock   pcommon.Timestamp // newest time seen: of a record or a tick
	tick    pcommon.Timestamp // the last one, 0: none
	floor   pcommon.Timestamp // JoinFloor
	swept   pcommon.Timestamp // tick of the last sweep
	lost    pcommon.Timestamp // newest `seen` of the outputs that were forgotten
	undone  bool              // a TICK without its DONE
	inputs  inputTable
	outputs []*output // by place; nil: vacant
	details []detail
	// Every slot ever used is below these, and all definitions that are pending are in every record: a new one is the
	// next.
	refBound   Ref
	placeBound uint32

	// Derived from the state.
	index       index
	places      map[ID]uint32 // of outputs
	families    map[familyKey]*family
	resources   map[string]*sharedText
	layouts     map[string]*layout
	names       map[string]int // outputs per metric name
	live        int            // inputs
	known       int            // inputs, live and ended
	outCount    int
	version     uint64 // of places
	freeDetails []uint32

	// Of this process only.
	issue   issue
	order   []uint32 // outputs as they are rendered; nil: to be sorted
	shown   []uint32 // what Render renders, in order
	parts   parts
	scratch scratch
}

// New returns an empty Aggregator.
func New(options Options) *Aggregator {
	if options.TombstoneTTL <= 0 {
		options.TombstoneTTL = 24 * time.Hour
	}
	if options.MaxInputs <= 0 {
		options.MaxInputs = 1_000_000
	}
	if options.MaxTombstones <= 0 {
		options.MaxTombstones = 1_000_000
	}
	if options.Locker == nil {
		options.Locker = noLock{}
	}
	return &Aggregator{
		options: options,
		places:  map[ID]uint32{}, families: map[familyKey]*family{}, resources: map[string]*sharedText{}, layouts: map[string]*layout{}, names: map[string]int{},
		issue: newIssue(),
	}
}

type noLock struct{}

func (noLock) Lock()   {}
func (noLock) Unlock() {}

// Stats are counts of the state.
type Stats struct {
	LiveInputs, Tombstones int // inputs
	Outputs                int // live and ended
	Bytes                  int // estimate of the memory in use
}

// Stats returns the counts as of the last Apply.
func (a *Aggregator) Stats() Stats {
	return Stats{
		LiveInputs: a.live, Tombstones: a.known - a.live, Outputs: a.outCount,
		Bytes: a.bytes(),
	}
}

// bytes estimates the memory in use.
func (a *Aggregator) bytes() int {
	const inputBytes, outputBytes = 56, 480
	return len(a.inputs.pages)*pageSize*inputBytes + len(a.index.places)*4 + a.outCount*outputBytes
}
