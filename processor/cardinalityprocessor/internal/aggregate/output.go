package aggregate

import (
	"cmp"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// family is what the outputs of one metric of one resource share.
type family struct {
	familyKey
	description string
	outputs     int // that use it
}

// familyKey tells families apart.
type familyKey struct {
	resource       string // attributes, in the form of appendMap
	scope, version string
	name, unit     string
	kind           pmetric.MetricType
	monotonic      bool
}

// compare orders families as they are rendered.
func (f *family) compare(g *family) int {
	if f == g {
		return 0
	}
	for _, pair := range [...][2]string{
		{f.resource, g.resource}, {f.scope, g.scope}, {f.version, g.version}, {f.name, g.name}, {f.unit, g.unit},
	} {
		if c := strings.Compare(pair[0], pair[1]); c != 0 {
			return c
		}
	}
	switch {
	case f.kind != g.kind:
		return cmp.Compare(f.kind, g.kind)
	case f.monotonic == g.monotonic:
		return 0
	case g.monotonic:
		return -1
	}
	return 1
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
			familyKey: familyKey{
				resource: string(appendMap(nil, o.Resource, 0)), scope: o.ScopeName, version: o.ScopeVersion,
				name: o.Name, unit: o.Unit, kind: o.Type, monotonic: o.Monotonic,
			},
			description: o.Description,
		}),
		attributes: string(appendMap(nil, o.Attributes, 0)),
		function:   o.function(),
	}
}

// intern returns the one family that is equal to f.
func (a *Aggregator) intern(f family) *family {
	if known := a.families[f.familyKey]; known != nil {
		return known
	}
	r := a.resources[f.resource]
	if r == nil {
		r = &sharedText{text: f.resource}
		a.resources[f.resource] = r
	}
	r.families++
	f.resource, f.outputs = r.text, 0
	a.families[f.familyKey] = &f
	return &f
}

// sharedText is the one text of a resource.
type sharedText struct {
	text     string
	families int // that have it
}

// drop forgets a family without outputs.
func (a *Aggregator) drop(f *family) {
	delete(a.families, f.familyKey)
	r := a.resources[f.resource]
	if r.families--; r.families == 0 {
		delete(a.resources, f.resource)
	}
}
