package aggregate

import (
	"cmp"
	"encoding/binary"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

const (
	// maxExemplars are kept per output and tick: the newest.
	maxExemplars = 4
	// maxExemplarBytes limits an exemplar's filtered attributes; longer ones are left out.
	maxExemplarBytes = 512
)

type exemplar struct {
	time       pcommon.Timestamp
	value      number
	trace      pcommon.TraceID
	span       pcommon.SpanID
	attributes string
}

// exemplars adds the newest exemplars of the point that was added last.
func (b *Batch) exemplars(of pmetric.ExemplarSlice) {
	if of.Len() == 0 {
		return
	}
	b.picked = b.picked[:0]
	for i := range of.Len() {
		b.picked = append(b.picked, of.At(i))
	}
	if len(b.picked) > maxExemplars {
		slices.SortStableFunc(b.picked, func(x, y pmetric.Exemplar) int { return cmp.Compare(y.Timestamp(), x.Timestamp()) })
		b.picked = b.picked[:maxExemplars]
	}
	for _, e := range b.picked {
		b.exemplar(e)
	}
	clear(b.picked)
}

func (b *Batch) exemplar(e pmetric.Exemplar) {
	v := intNumber(e.IntValue())
	if e.ValueType() == pmetric.ExemplarValueTypeDouble {
		v = floatNumber(e.DoubleValue())
	}
	b.key = appendMap(b.key[:0], e.FilteredAttributes(), 0)
	if len(b.key) > maxExemplarBytes {
		b.key = append(b.key[:0], 0)
	}
	x := exemplar{time: e.Timestamp(), value: v, trace: e.TraceID(), span: e.SpanID(), attributes: string(b.key)}
	b.samples = x.append(append(b.samples, formExemplar))
}

func (x *exemplar) append(dst []byte) []byte {
	dst = binary.AppendUvarint(dst, uint64(x.time))
	dst = x.value.append(dst)
	dst = append(dst, x.trace[:]...)
	dst = append(dst, x.span[:]...)
	return appendString(dst, x.attributes)
}

func (c *cursor) exemplar(x *exemplar) {
	x.time = c.time()
	x.value = c.number()
	copy(x.trace[:], c.take(len(x.trace)))
	copy(x.span[:], c.take(len(x.span)))
	x.attributes = c.string()
	c.checkMap(x.attributes)
}

func (a *Aggregator) absorbExemplar(r *samples, out *output) error {
	var x exemplar
	if r.exemplar(&x); r.bad {
		return errRecord
	}
	if out != nil {
		out.exemplars = keepNewest(out.exemplars, x)
	}
	return nil
}

// keepNewest adds x in the order of time and lets the oldest go.
func keepNewest(kept []exemplar, x exemplar) []exemplar {
	at := len(kept)
	for at > 0 && kept[at-1].time > x.time {
		at--
	}
	kept = slices.Insert(kept, at, x)
	if len(kept) > maxExemplars {
		kept = slices.Delete(kept, 0, 1)
	}
	return kept
}

func renderExemplars(kept []exemplar, to pmetric.ExemplarSlice) {
	for _, x := range kept {
		e := to.AppendEmpty()
		e.SetTimestamp(x.time)
		if x.value.double {
			e.SetDoubleValue(x.value.float())
		} else {
			e.SetIntValue(int64(x.value.bits))
		}
		e.SetTraceID(x.trace)
		e.SetSpanID(x.span)
		putMap(x.attributes, e.FilteredAttributes())
	}
}
