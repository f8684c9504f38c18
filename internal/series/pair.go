package series

import (
	"encoding/binary"
	"math/bits"
)

// Label is a name and value, both valid UTF-8 and not empty.
type Label struct{ Name, Value string }

// Pair is a label that many sets share, as a labels field of a remote write 1.0
// TimeSeries: field 1, length-delimited, with the name as field 1 and the value as field
// 2, whose texts are its last bytes.
type Pair struct {
	wire        string
	name, value uint32 // lengths
	hash        uint64
	next        *Pair // of the same hash
	seen        Generation
}

// Name returns the name.
func (p *Pair) Name() string {
	end := len(p.wire) - int(p.value) - 1 - varintLen(p.value)
	return p.wire[end-int(p.name) : end]
}

// Value returns the value.
func (p *Pair) Value() string { return p.wire[len(p.wire)-int(p.value):] }

// Wire returns the label as it stands in a request of remote write 1.0.
func (p *Pair) Wire() string { return p.wire }

func (p *Pair) behind() **Pair { return &p.next }

func (p *Pair) equals(name, value string) bool { return p.Value() == value && p.Name() == name }

const (
	tagLabel = 1<<3 | 2
	tagName  = 1<<3 | 2
	tagValue = 2<<3 | 2
)

func newPair(name, value string) *Pair {
	p := &Pair{name: uint32(len(name)), value: uint32(len(value))}
	body := 2 + varintLen(p.name) + len(name) + varintLen(p.value) + len(value)
	wire := make([]byte, 0, 1+binary.MaxVarintLen32+body)
	wire = binary.AppendUvarint(append(wire, tagLabel), uint64(body))
	wire = binary.AppendUvarint(append(wire, tagName), uint64(len(name)))
	wire = append(wire, name...)
	wire = binary.AppendUvarint(append(wire, tagValue), uint64(len(value)))
	p.wire = string(append(wire, value...))
	return p
}

func varintLen(n uint32) int { return (bits.Len32(n|1) + 6) / 7 }

// pairs keep one Pair for each distinct name and value.
type pairs struct {
	known chains[Pair, *Pair]
	now   Generation
}

func newPairs() pairs { return pairs{known: chains[Pair, *Pair]{}} }

// get returns the one pair of a name and value, which it copies.
func (ps *pairs) get(name, value string) *Pair {
	h := hashLabel(name, value)
	for p := ps.known[h]; p != nil; p = p.next {
		if p.equals(name, value) {
			p.seen = ps.now
			return p
		}
	}
	p := newPair(name, value)
	p.hash, p.seen = h, ps.now
	ps.known.add(h, p)
	return p
}

// use marks pairs as used in generation now, and sweep then forgets the others.
func (ps *pairs) use(list []*Pair) {
	for _, p := range list {
		p.seen = ps.now
	}
}

func (ps *pairs) sweep() {
	ps.known.sweep(func(p *Pair) bool { return p.seen == ps.now })
}
