package aggregate

import (
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// appendDefinition appends the output without its state. shared is the family of the definition before it.
func (o *output) appendDefinition(dst []byte, place uint32, shared *family) []byte {
	dst = binary.AppendUvarint(dst, uint64(place))
	dst = append(dst, o.id[:]...)
	dst = o.family.append(dst, shared)
	dst = appendString(dst, o.attributes)
	return append(dst, byte(o.function))
}

func (f *family) append(dst []byte, shared *family) []byte {
	switch {
	case f == shared:
		return append(dst, shareFamily)
	case shared != nil && f.resource == shared.resource:
		dst = append(dst, shareResource)
	default:
		dst = appendString(append(dst, shareNothing), f.resource)
	}
	for _, s := range []string{f.scope, f.version, f.name, f.description, f.unit} {
		dst = appendString(dst, s)
	}
	shape := byte(f.kind) << 1
	if f.monotonic {
		shape |= 1
	}
	return append(dst, shape)
}

// family reads what family.append wrote.
func (c *cursor) family(a *Aggregator, shared *family) *family {
	sharing := c.byte()
	if sharing != shareNothing && shared == nil {
		c.fail()
		return nil
	}
	var f family
	switch sharing {
	case shareFamily:
		return shared
	case shareResource:
		f.resource = shared.resource
	case shareNothing:
		f.resource = c.string()
		c.checkMap(f.resource)
	default:
		c.fail()
	}
	for _, s := range []*string{&f.scope, &f.version, &f.name, &f.description, &f.unit} {
		*s = c.string()
	}
	shape := c.byte()
	f.kind, f.monotonic = pmetric.MetricType(shape>>1), shape&1 != 0
	if f.kind < pmetric.MetricTypeGauge || f.kind > pmetric.MetricTypeSummary {
		c.fail()
	}
	if c.bad {
		return nil
	}
	return a.intern(f)
}

// checkMap makes sure that Render will be able to read the attributes.
func (c *cursor) checkMap(encoded string) {
	if !c.bad && readMap(encoded, pcommon.NewMap()) != nil {
		c.fail()
	}
}

// output reads what output.appendDefinition wrote.
func (c *cursor) output(a *Aggregator, shared *family) (place uint32, out *output) {
	place = c.u32()
	out = &output{id: c.id()}
	out.family = c.family(a, shared)
	out.attributes = c.string()
	c.checkMap(out.attributes)
	out.function = Function(c.byte())
	if out.function == Auto || out.function >= functions {
		c.fail()
	}
	return place, out
}

// define applies the definitions of a record.
func (a *Aggregator) define(c *cursor) error {
	var shared *family
	for {
		switch op := c.byte(); op {
		case opEnd:
			if c.bad {
				return errRecord
			}
			a.settleIssue()
			return nil
		case opEpoch:
			epoch := c.time()
			if !a.begun {
				a.begun, a.epoch = true, epoch
			}
		case opOutput:
			place, out := c.output(a, shared)
			if c.bad {
				return errRecord
			}
			shared = out.family
			if err := a.defineOutput(place, out); err != nil {
				return err
			}
		case opInput:
			ref, id, place := Ref(c.u32()), c.id(), c.u32()
			if c.bad {
				return errRecord
			}
			if err := a.defineInput(ref, id, place); err != nil {
				return err
			}
		case opFunction:
			place, function := c.u32(), Function(c.byte())
			if c.bad || function == Auto || function >= functions || int(place) >= len(a.outputs) || a.outputs[place] == nil {
				return errRecord
			}
			a.outputs[place].function = function
			if a.issue.functions[place] == function {
				delete(a.issue.functions, place)
			}
		default:
			return errRecord
		}
	}
}

func (a *Aggregator) defineOutput(place uint32, described *output) error {
	if known, ok := a.places[described.id]; ok && known != place {
		return errDefinition
	}
	if place > a.placeBound {
		return errDefinition
	}
	a.placeBound = max(a.placeBound, place+1)
	out := described
	if int(place) < len(a.outputs) && a.outputs[place] != nil {
		if out = a.outputs[place]; out.id != described.id {
			return errDefinition
		}
		if out.has(outKnown) {
			return nil
		}
	} else {
		a.putOutput(place, out)
	}
	out.flags = outKnown
	out.seen = a.clock
	if a.epoch != 0 {
		out.flags |= outBorn
		out.start = max(a.epoch, after(a.lost))
		out.first = out.start
	}
	a.outCount++
	a.order = nil
	return nil
}

// putOutput gives an output its place.
func (a *Aggregator) putOutput(place uint32, out *output) {
	for int(place) >= len(a.outputs) {
		a.outputs = append(a.outputs, nil)
	}
	a.outputs[place] = out
	a.places[out.id] = place
	a.version++
	a.names[out.family.name]++
	out.family.outputs++
}

func (a *Aggregator) defineInput(ref Ref, id ID, place uint32) error {
	if int(place) >= len(a.outputs) || a.outputs[place] == nil || !a.outputs[place].has(outKnown) || ref > a.refBound {
		return errDefinition
	}
	a.refBound = max(a.refBound, ref+1)
	if known, ok := a.index.get(&id, &a.inputs); ok && known != ref {
		return errDefinition
	}
	a.inputs.extend(ref)
	in := a.inputs.at(ref)
	if in.flags != 0 && in.id != id {
		return errDefinition
	}
	switch {
	case in.has(flagKnown):
		a.move(in, place)
		if a.issue.moves[ref] == place {
			delete(a.issue.moves, ref)
		}
		return nil
	case in.flags == 0:
		*in = input{id: id, flags: flagKnown}
		a.index.add(ref, &a.inputs)
	}
	in.flags, in.out, in.seen = flagKnown, place, a.clock
	a.outputs[place].inputs++
	a.known++
	return nil
}

// move makes a known input one of another output.
func (a *Aggregator) move(in *input, place uint32) {
	if in.out == place {
		return
	}
	a.outputs[in.out].inputs--
	a.outputs[place].inputs++
	a.outputs[place].seen = max(a.outputs[place].seen, a.clock)
	in.out = place
}
