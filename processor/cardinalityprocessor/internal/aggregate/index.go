package aggregate

import "encoding/binary"

// index finds refs by their inputs' IDs: open addressing over refs alone, since the inputs hold the IDs.
type index struct {
	places []uint32 // ref+1; 0 is free
	used   int
}

func (x *index) start(id *ID) int {
	return int(uint64(binary.LittleEndian.Uint32(id[:])) * uint64(len(x.places)) >> 32)
}

func (x *index) get(id *ID, inputs *inputTable) (Ref, bool) {
	if x.used == 0 {
		return 0, false
	}
	for i := x.start(id); ; i = x.after(i) {
		place := x.places[i]
		if place == 0 {
			return 0, false
		}
		if inputs.at(Ref(place-1)).id == *id {
			return Ref(place - 1), true
		}
	}
}

func (x *index) after(i int) int {
	if i+1 == len(x.places) {
		return 0
	}
	return i + 1
}

// add takes an ID that is not yet in.
func (x *index) add(ref Ref, inputs *inputTable) {
	if (x.used+1)*3 > len(x.places)*2 {
		x.rebuild(max(64, len(x.places)*3/2), inputs)
		if x.has(ref, inputs) { // the rebuild walked over the inputs and found it
			return
		}
	}
	x.put(ref, inputs)
}

func (x *index) has(ref Ref, inputs *inputTable) bool {
	found, ok := x.get(&inputs.at(ref).id, inputs)
	return ok && found == ref
}

func (x *index) put(ref Ref, inputs *inputTable) {
	i := x.start(&inputs.at(ref).id)
	for x.places[i] != 0 {
		i = x.after(i)
	}
	x.places[i] = uint32(ref) + 1
	x.used++
}

// rebuild makes room for size places and fills them from the inputs.
func (x *index) rebuild(size int, inputs *inputTable) {
	x.places, x.used = make([]uint32, size), 0
	for p, page := range inputs.pages {
		if page == nil {
			continue
		}
		for i := range page {
			if page[i].flags != 0 {
				x.put(Ref(p*pageSize+i), inputs)
			}
		}
	}
}
