package orderedremotewriteexporter

import (
	"encoding/binary"
	"errors"

	"weir.example/internal/series"
)

// more is what few samples have beyond a value.
type more struct {
	// histogram holds the fields of a prometheus.Histogram, without its times,
	// as they stand on the wire of both protocols; nil for a float.
	histogram []byte
	exemplars []exemplar
}

// exemplar is one observation and what it was made by.
type exemplar struct {
	labels []series.Label // sorted
	ts     int64          // ms since the epoch
	bits   uint64         // IEEE 754 bits of the value
}

// meta is what a metric says of itself, shared by all its series.
type meta struct {
	kind       metricType
	unit, help string
}

// metricType is the MetricType of remote write 2.0.
type metricType uint8

const (
	typeUnknown   metricType = 0
	typeCounter   metricType = 1
	typeGauge     metricType = 2
	typeHistogram metricType = 3
	typeSummary   metricType = 5
	typeInfo      metricType = 6
)

var errMalformed = errors.New("malformed")

// appendMore appends m, which may be nil, in the form that readMore reads.
func appendMore(dst []byte, m *more) []byte {
	if m == nil {
		return append(dst, 0, 0)
	}
	dst = appendText(dst, m.histogram)
	dst = binary.AppendUvarint(dst, uint64(len(m.exemplars)))
	for _, e := range m.exemplars {
		dst = binary.AppendUvarint(dst, uint64(len(e.labels)))
		for _, l := range e.labels {
			dst = appendText(appendText(dst, l.Name), l.Value)
		}
		dst = binary.AppendVarint(dst, e.ts)
		dst = binary.LittleEndian.AppendUint64(dst, e.bits)
	}
	return dst
}

// readMore splits what appendMore wrote off src. It copies what it keeps.
func readMore(src []byte) (m *more, rest []byte, err error) {
	r := reader{src: src}
	m = &more{histogram: []byte(r.text())}
	for range r.count() {
		var e exemplar
		for range r.count() {
			e.labels = append(e.labels, series.Label{Name: r.text(), Value: r.text()})
		}
		e.ts, e.bits = r.varint(), r.fixed64()
		m.exemplars = append(m.exemplars, e)
	}
	if len(m.histogram) == 0 {
		m.histogram = nil
	}
	if m.histogram == nil && m.exemplars == nil {
		m = nil
	}
	return m, r.src, r.err
}

// appendMeta appends m, which may be nil, in the form that readMeta reads.
func appendMeta(dst []byte, m *meta) []byte {
	if m == nil {
		m = &meta{}
	}
	return appendText(appendText(append(dst, byte(m.kind)), m.unit), m.help)
}

// readMeta splits what appendMeta wrote off src; nothing said is nil.
func readMeta(src []byte) (m *meta, rest []byte, err error) {
	r := reader{src: src}
	m = &meta{kind: metricType(r.byte()), unit: r.text(), help: r.text()}
	if *m == (meta{}) {
		m = nil
	}
	return m, r.src, r.err
}

func appendText[T string | []byte](dst []byte, s T) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// reader reads from bytes that may be anything. After an error all it returns
// is zero.
type reader struct {
	src []byte
	err error
}

// take cuts n bytes off, or what is left and notes the error.
func (r *reader) take(n int) []byte {
	if n <= 0 || n > len(r.src) {
		r.err, r.src = errMalformed, nil
		return nil
	}
	head := r.src[:n]
	r.src = r.src[n:]
	return head
}

func (r *reader) byte() byte {
	if b := r.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (r *reader) fixed64() uint64 {
	if b := r.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (r *reader) uvarint() uint64 {
	v, n := binary.Uvarint(r.src)
	if r.take(n) == nil {
		return 0
	}
	return v
}

func (r *reader) varint() int64 {
	v, n := binary.Varint(r.src)
	if r.take(n) == nil {
		return 0
	}
	return v
}

// count reads how many things follow. Each takes at least a byte, so no more
// can follow than bytes are left.
func (r *reader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.src)) {
		r.take(-1)
		return 0
	}
	return int(n)
}

func (r *reader) text() string {
	n := r.count()
	if n == 0 {
		return ""
	}
	return string(r.take(n))
}
