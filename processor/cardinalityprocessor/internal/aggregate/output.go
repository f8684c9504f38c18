package aggregate

import (
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// family is what the outputs of one metric of one resource share. Attributes are in the form of appendMap.
type family struct {
	resource          string
	scope, version    string
	name, description string
	unit              string
	kind              pmetric.MetricType
	monotonic         bool
	outputs           int // that use it
}

// key orders families as they are rendered and finds equal ones.
func (f *family) key() string {
	shape := string([]byte{byte(f.kind), 0})
	if f.monotonic {
		shape = string([]byte{byte(f.kind), 1})
	}
	return strings.Join([]string{f.resource, f.scope, f.version, f.name, f.unit, shape}, "\x00")
}

func (f *family) compare(g *family) int {
	if f == g {
		return 0
	}
	return strings.Compare(f.key(), g.key())
}

type outputFlags uint16

const (
	outPending   outputFlags = 1 << iota // defined by Resolve, not yet in a record that was applied
	outKnown                             // part of the state
	outBorn                              // its start time is settled
	outJoined                            // unborn, but first values no longer count in full by themselves (JoinFloor)
	outUnknown                           // unborn, and an input of unknown start counted in full
	outDouble                            // it had a double
	outShown                             // its last tick was a value, not a stale marker
	outDirty                             // its total changed since the last tick
	outNoSum                             // histogram: an input had no sum
	outNoBuckets                         // histogram: its inputs share no bounds
)

// output is a series that goes out.
type output struct {
	id         ID
	family     *family
	attributes string
	function   Function
	flags      outputFlags
	inputs     uint32            // known ones
	first      pcommon.Timestamp // time of the first sample absorbed before birth; with an epoch: start
	start      pcommon.Timestamp // settled at birth; before that the smallest so far. 0: unknown
	arrived    pcommon.Timestamp // clock when the first sample was absorbed
	seen       pcommon.Timestamp // clock when it last had a live input
	forgotten  pcommon.Timestamp // newest point of its inputs that were forgotten
	total      amount
	shape      *shape     // of histograms and summaries
	emitted    emission   // what Render shows
	exemplars  []exemplar // since the last tick
}

func (o *output) has(flag outputFlags) bool { return o.flags&flag != 0 }

// counts tells whether the output is a total of increments; else it is a function over live inputs.
func (o *output) counts() bool {
	return o.family.kind != pmetric.MetricTypeGauge && (o.family.kind != pmetric.MetricTypeSum || o.family.monotonic)
}

// describe makes the output that o describes, without a place yet.
func (a *Aggregator) describe(id ID, o *Output) *output {
	return &output{
		id: id,
		family: a.intern(family{
			resource: string(appendMap(nil, o.Resource, 0)), scope: o.ScopeName, version: o.ScopeVersion,
			name: o.Name, description: o.Description, unit: o.Unit, kind: o.Type, monotonic: o.Monotonic,
		}),
		attributes: string(appendMap(nil, o.Attributes, 0)),
		function:   o.function(),
	}
}

// intern returns the one family that is equal to f.
func (a *Aggregator) intern(f family) *family {
	key := f.key()
	if known := a.families[key]; known != nil {
		return known
	}
	f.outputs = 0
	a.families[key] = &f
	return &f
}
