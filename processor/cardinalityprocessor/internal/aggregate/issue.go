package aggregate

import (
	"encoding/binary"
	"errors"
	"maps"
	"slices"
)

// ErrFull is returned by Resolve when there are MaxInputs live inputs.
var ErrFull = errors.New("too many inputs are live")

// issue is what Resolve handed out and no applied record has defined yet, and what may be handed out next. It is no part
// of the state: records carry the refs.
type issue struct {
	generation uint64
	inputs     []Ref
	outputs    []uint32
	moves      map[Ref]uint32      // inputs that go to another output
	functions  map[uint32]Function // outputs that get another function

	open        map[*Batch]struct{}
	idle        []*Batch
	limbo       []vacancy // in the order of generations
	free        []Ref     // may hold refs that are in use after a replay
	freeOutputs []uint32  // likewise
}

// vacancy is a slot that was freed while batches that may refer to it were open.
type vacancy struct {
	ref        Ref
	generation uint64 // since which it is vacant
	id         ID
	output     *output
}

func newIssue() issue {
	return issue{generation: 1, moves: map[Ref]uint32{}, functions: map[uint32]Function{}, open: map[*Batch]struct{}{}}
}

// Generation changes when refs that were issued before may have become invalid. A cache of refs must keep with each ref
// the generation of the batch for which it was resolved, and use it for no batch of another one.
func (a *Aggregator) Generation() uint64 { return a.issue.generation }

// Resolve returns the ref of an input, defining it and its output at first sight. An input known under another output
// moves there: increments from its last value on count there, so that there is neither a jump nor a loss.
func (a *Aggregator) Resolve(id ID, o *Output) (Ref, error) {
	place := a.resolveOutput(o)
	ref, ok := a.index.get(&id, &a.inputs)
	if !ok {
		if a.live+len(a.issue.inputs) >= a.options.MaxInputs {
			return 0, ErrFull
		}
		ref = a.issue.ref(&a.inputs)
		a.pend(ref, id, place)
		return ref, nil
	}
	in := a.inputs.at(ref)
	switch {
	case in.has(flagPending):
		in.out = place
	case in.out != place:
		a.issue.moves[ref] = place
	default:
		delete(a.issue.moves, ref)
	}
	return ref, nil
}

// HasOutput tells whether a series is an output. A point of such a series must be merged into it: there are never two
// writers.
func (a *Aggregator) HasOutput(id ID) bool {
	_, ok := a.places[id]
	return ok
}

// Version changes when outputs come or go.
func (a *Aggregator) Version() uint64 { return a.version }

// HasOutputs tells whether any output has this metric name.
func (a *Aggregator) HasOutputs(name string) bool { return a.names[name] > 0 }

func (a *Aggregator) resolveOutput(o *Output) uint32 {
	id := o.ID()
	place, ok := a.places[id]
	if !ok {
		return a.pendOutput(a.describe(id, o))
	}
	out := a.outputs[place]
	if out.counts() {
		return place // and has no function
	}
	if function := o.function(); function != out.function {
		a.issue.functions[place] = function
	} else {
		delete(a.issue.functions, place)
	}
	return place
}

// pend makes ref a pending input.
func (a *Aggregator) pend(ref Ref, id ID, place uint32) {
	a.inputs.extend(ref)
	*a.inputs.at(ref) = input{id: id, out: place, flags: flagPending}
	a.index.add(ref, &a.inputs)
	a.issue.inputs = append(a.issue.inputs, ref)
}

func (a *Aggregator) pendOutput(out *output) uint32 {
	place := a.issue.place(a.outputs)
	out.flags = outPending
	a.putOutput(place, out)
	a.issue.outputs = append(a.issue.outputs, place)
	return place
}

// ref takes a vacant slot.
func (s *issue) ref(inputs *inputTable) Ref {
	for len(s.free) > 0 {
		ref := s.free[len(s.free)-1]
		s.free = s.free[:len(s.free)-1]
		if inputs.vacant(ref) {
			return ref
		}
	}
	return Ref(inputs.slots)
}

func (s *issue) place(outputs []*output) uint32 {
	for len(s.freeOutputs) > 0 {
		place := s.freeOutputs[len(s.freeOutputs)-1]
		s.freeOutputs = s.freeOutputs[:len(s.freeOutputs)-1]
		if outputs[place] == nil {
			return place
		}
	}
	return uint32(len(outputs))
}

// recycle frees the slots that no open batch can refer to.
func (s *issue) recycle() {
	oldest := s.generation
	for b := range s.open {
		oldest = min(oldest, b.generation)
	}
	n := 0
	for n < len(s.limbo) && s.limbo[n].generation <= oldest {
		s.free = append(s.free, s.limbo[n].ref)
		n++
	}
	s.limbo = slices.Delete(s.limbo, 0, n)
}

// readmit defines anew what was forgotten since generation: a batch that is older may have points of it.
func (a *Aggregator) readmit(generation uint64) {
	if generation == a.issue.generation {
		return
	}
	a.issue.limbo = slices.DeleteFunc(a.issue.limbo, func(v vacancy) bool {
		if v.generation <= generation {
			return false
		}
		if _, again := a.index.get(&v.id, &a.inputs); again {
			return false // it came back under another ref; at worst this batch's point of it is dropped
		}
		place, ok := a.places[v.output.id]
		if !ok {
			place = a.pendOutput(&output{id: v.output.id, family: a.intern(*v.output.family), attributes: v.output.attributes, function: v.output.function})
		}
		a.pend(v.ref, v.id, place)
		return true
	})
}

// appendDefinitions appends all that no applied record has defined.
func (a *Aggregator) appendDefinitions(dst []byte) []byte {
	s := &a.issue
	if !a.begun {
		dst = binary.AppendUvarint(append(dst, opEpoch), uint64(a.options.Epoch))
	}
	var shared *family
	for _, place := range s.outputs {
		dst = a.outputs[place].appendDefinition(append(dst, opOutput), place, shared)
		shared = a.outputs[place].family
	}
	for _, ref := range s.inputs {
		dst = appendInput(dst, ref, a.inputs.at(ref).id, a.inputs.at(ref).out)
	}
	if len(s.moves)+len(s.functions) > 0 {
		dst = a.appendChanges(dst)
	}
	return append(dst, opEnd)
}

func (a *Aggregator) appendChanges(dst []byte) []byte {
	s := &a.issue
	for _, ref := range slices.Sorted(maps.Keys(s.moves)) {
		dst = appendInput(dst, ref, a.inputs.at(ref).id, s.moves[ref])
	}
	for _, place := range slices.Sorted(maps.Keys(s.functions)) {
		dst = binary.AppendUvarint(append(dst, opFunction), uint64(place))
		dst = append(dst, byte(s.functions[place]))
	}
	return dst
}

// settleIssue drops what is now part of the state.
func (a *Aggregator) settleIssue() {
	s := &a.issue
	s.outputs = slices.DeleteFunc(s.outputs, func(place uint32) bool { return !a.outputs[place].has(outPending) })
	s.inputs = slices.DeleteFunc(s.inputs, func(ref Ref) bool { return !a.inputs.at(ref).has(flagPending) })
}

func appendInput(dst []byte, ref Ref, id ID, place uint32) []byte {
	dst = binary.AppendUvarint(append(dst, opInput), uint64(ref))
	return binary.AppendUvarint(append(dst, id[:]...), uint64(place))
}
