package aggregate

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// A snapshot is a sequence of blocks, length uvarint | kind u8 | entries, so that neither side needs the whole in memory:
// one head, then layouts, outputs, inputs, end. Entries are never split.
const (
	blockHead byte = 1 + iota
	blockLayouts
	blockOutputs
	blockInputs
	blockEnd
)

const (
	blockBytes    = 64 << 10 // a block is written once it is longer
	maxBlockBytes = 64 << 20 // and a longer one than this is damage
)

var errSnapshot = errors.New("snapshot is damaged")

// Save writes the state, in a form that equal states share.
func (a *Aggregator) Save(to io.Writer) error {
	w := &blockWriter{to: to, layouts: map[*layout]uint64{}}
	w.block(blockHead)
	w.b = a.appendHead(w.b)
	w.block(blockLayouts)
	a.saveLayouts(w)
	w.block(blockOutputs)
	var shared *family
	for place, out := range a.outputs {
		if out == nil || !out.has(outKnown) {
			continue
		}
		w.saveOutput(uint32(place), out, shared, a.undone)
		if shared = out.family; w.full() { // a block can be read without the one before
			shared = nil
		}
	}
	w.block(blockInputs)
	for ref, in := range a.inputs.all {
		a.saveInput(w, ref, in)
		w.full()
	}
	w.block(blockEnd)
	w.flush()
	return w.err
}

func (a *Aggregator) appendHead(dst []byte) []byte {
	undone, begun := uint64(0), uint64(0)
	if a.undone {
		undone = 1
	}
	if a.begun {
		begun = 1
	}
	for _, v := range []uint64{
		begun, uint64(a.epoch), uint64(a.clock), uint64(a.tick), uint64(a.floor), uint64(a.swept), uint64(a.lost), undone,
		uint64(a.refBound), uint64(a.placeBound),
	} {
		dst = binary.AppendUvarint(dst, v)
	}
	return dst
}

func (c *cursor) head(a *Aggregator) {
	a.begun = c.uvarint() != 0
	for _, t := range []*pcommon.Timestamp{&a.epoch, &a.clock, &a.tick, &a.floor, &a.swept, &a.lost} {
		*t = c.time()
	}
	a.undone = c.uvarint() != 0
	a.refBound, a.placeBound = Ref(c.u32()), c.u32()
}

// blockWriter collects entries into blocks.
type blockWriter struct {
	to      io.Writer
	b       []byte
	kind    byte
	layouts map[*layout]uint64 // numbers; nil layouts have none
	err     error
}

func (w *blockWriter) block(kind byte) {
	w.flush()
	w.kind = kind
	w.b = append(w.b[:0], kind)
}

// full writes the block if it is long enough, and tells so.
func (w *blockWriter) full() bool {
	if len(w.b) < blockBytes {
		return false
	}
	w.block(w.kind)
	return true
}

func (w *blockWriter) flush() {
	if len(w.b) == 0 || w.err != nil {
		return
	}
	var length [binary.MaxVarintLen64]byte
	if _, w.err = w.to.Write(length[:binary.PutUvarint(length[:], uint64(len(w.b)))]); w.err == nil {
		_, w.err = w.to.Write(w.b)
	}
}

// saveLayouts numbers the layouts in the order in which outputs and inputs use them.
func (a *Aggregator) saveLayouts(w *blockWriter) {
	add := func(l *layout) {
		if _, ok := w.layouts[l]; ok || l == nil {
			return
		}
		w.layouts[l] = uint64(len(w.layouts))
		w.b = binary.AppendUvarint(w.b, uint64(len(l.bounds)))
		w.b = l.append(w.b)
		w.full()
	}
	for _, out := range a.outputs {
		if out != nil && out.has(outKnown) && out.shape != nil {
			add(out.shape.layout)
			if a.undone && out.emitted.shape != nil && out.emitted.form == showValue {
				add(out.emitted.shape.layout)
			}
		}
	}
	for _, in := range a.inputs.all {
		if in.kind == kindHistogram {
			add(a.details[in.last].histogram.layout)
		}
	}
}

// layout appends the number of a layout plus one; 0 is none.
func (w *blockWriter) layout(l *layout) {
	if l == nil {
		w.b = append(w.b, 0)
		return
	}
	w.b = binary.AppendUvarint(w.b, w.layouts[l]+1)
}

// Load replaces the state of a new Aggregator by one that Save wrote. After an error the Aggregator must not be used.
func (a *Aggregator) Load(from io.Reader) error {
	r := &loader{a: a, from: bufio.NewReaderSize(from, blockBytes)}
	for stage := blockHead; stage != blockEnd; {
		kind, err := r.next()
		if err != nil {
			return fmt.Errorf("%w: %w", errSnapshot, err)
		}
		if kind < stage || kind == blockHead && stage != blockHead || stage == blockHead && kind != blockHead {
			return errSnapshot
		}
		if stage = kind; kind == blockHead {
			stage++
		}
		if err := r.read(kind); err != nil {
			return err
		}
	}
	if a.refBound < Ref(a.inputs.slots) || a.placeBound < uint32(len(a.outputs)) {
		return errSnapshot
	}
	a.findVacancies()
	if a.undone {
		a.list()
	}
	return nil
}

// findVacancies collects the slots that nothing uses.
func (a *Aggregator) findVacancies() {
	for ref := range Ref(a.inputs.slots) {
		if a.inputs.vacant(ref) {
			a.issue.free = append(a.issue.free, ref)
		}
	}
	for place, out := range a.outputs {
		if out == nil {
			a.issue.freeOutputs = append(a.issue.freeOutputs, uint32(place))
		}
	}
}

// loader reads blocks.
type loader struct {
	cursor
	a       *Aggregator
	from    *bufio.Reader
	room    []byte
	layouts []*layout
}

// next reads a block and returns its kind.
func (r *loader) next() (byte, error) {
	length, err := binary.ReadUvarint(r.from)
	if err != nil {
		return 0, err
	}
	if length == 0 || length > maxBlockBytes {
		return 0, errors.New("a block has an impossible length")
	}
	r.room = r.room[:0]
	for uint64(len(r.room)) < length { // in steps: a damaged length must not allocate much
		step := int(min(length-uint64(len(r.room)), 1<<20))
		from := len(r.room)
		r.room = append(r.room, make([]byte, step)...)
		if _, err := io.ReadFull(r.from, r.room[from:]); err != nil {
			return 0, err
		}
	}
	r.b = r.room[1:]
	return r.room[0], nil
}

func (r *loader) read(kind byte) error {
	var shared *family
	if kind == blockHead {
		r.head(r.a)
	}
	for len(r.b) > 0 && !r.bad {
		switch kind {
		case blockLayouts:
			l := r.a.layout(r.take(8 * r.count()))
			if l == nil {
				r.fail()
			}
			r.layouts = append(r.layouts, l)
		case blockOutputs:
			shared = r.loadOutput(shared)
		case blockInputs:
			r.loadInput()
		default:
			r.fail()
		}
	}
	if r.bad {
		return errSnapshot
	}
	return nil
}

// layout reads what blockWriter.layout wrote.
func (r *loader) layout() *layout {
	n := r.uvarint()
	if n == 0 {
		return nil
	}
	if n > uint64(len(r.layouts)) {
		r.fail()
		return nil
	}
	return r.layouts[n-1]
}

func (c *cursor) finite() float64 {
	v := c.float()
	if math.IsNaN(v) || math.IsInf(v, 0) {
		c.fail()
	}
	return v
}
