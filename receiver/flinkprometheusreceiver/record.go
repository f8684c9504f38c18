package flinkprometheusreceiver

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// What is stored of a target are two records. The layout lists its cumulative series and changes with them or their
// starts. The values are written with each scrape and belong to one layout:
//
//	layout  head | fingerprint u64 | exposed u32 | n u32 | n x (hash u64, start u64, at u64) | gauges u32 | gauges x hash u64 | crc32c u32
//	values  head | complete u64 | refused u64 | at u64 | n x last f64 | crc32c u32
//	head    version u8 | generation u64
//
// All numbers are little endian, all times nanoseconds since 1970.
const (
	recordVersion  = 1
	headSize       = 1 + 8
	layoutHeadSize = headSize + 8 + 4 + 4
	valuesHeadSize = headSize + 8 + 8 + 8
	entrySize      = 3 * 8
	crcSize        = 4
)

// entry is what is stored of one series.
type entry struct {
	hash  uint64
	start pcommon.Timestamp
	at    pcommon.Timestamp
	last  float64
}

// layout is the record of which series there are.
type layout struct {
	generation  uint64 // pairs it with its values
	fingerprint uint64
	series      []entry // first the exposed ones, whose at is that of the values
	exposed     int
	gauges      []uint64 // hashes of the names of metrics whose series are not kept
}

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	order      = binary.LittleEndian
	errDamaged = errors.New("the record is damaged")
)

func appendLayout(b []byte, l *layout) []byte {
	b = append(b, recordVersion)
	b = order.AppendUint64(b, l.generation)
	b = order.AppendUint64(b, l.fingerprint)
	b = order.AppendUint32(b, uint32(l.exposed))
	b = order.AppendUint32(b, uint32(len(l.series)))
	for _, k := range l.series {
		b = order.AppendUint64(b, k.hash)
		b = order.AppendUint64(b, uint64(k.start))
		b = order.AppendUint64(b, uint64(k.at))
	}
	b = order.AppendUint32(b, uint32(len(l.gauges)))
	for _, hash := range l.gauges {
		b = order.AppendUint64(b, hash)
	}
	return order.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// newValues returns a values record with the last values of a layout, to be sealed.
func newValues(b []byte, l *layout) []byte {
	b = append(b[:0], recordVersion)
	b = order.AppendUint64(b, l.generation)
	b = append(b, make([]byte, valuesHeadSize-headSize)...)
	for _, k := range l.series {
		b = order.AppendUint64(b, math.Float64bits(k.last))
	}
	return append(b, make([]byte, crcSize)...)
}

// putLast sets the last value of the series at a place of the layout.
func putLast(values []byte, place int, last float64) {
	order.PutUint64(values[valuesHeadSize+8*place:], math.Float64bits(last))
}

// seal completes a values record.
func seal(values []byte, complete, refused, at pcommon.Timestamp) {
	order.PutUint64(values[headSize:], uint64(complete))
	order.PutUint64(values[headSize+8:], uint64(refused))
	order.PutUint64(values[headSize+16:], uint64(at))
	body := values[:len(values)-crcSize]
	order.PutUint32(values[len(body):], crc32.Checksum(body, castagnoli))
}

// past is what an earlier life of Weir knew of a target.
type past struct {
	layout
	complete, refused, at pcommon.Timestamp
}

// decodePast reads both records of a target.
func decodePast(layoutRecord, values []byte) (*past, error) {
	layoutBody, err := checked(layoutRecord, layoutHeadSize+4)
	if err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	body, err := checked(values, valuesHeadSize)
	if err != nil {
		return nil, fmt.Errorf("values: %w", err)
	}
	p := &past{}
	if err := p.decode(layoutBody); err != nil {
		return nil, fmt.Errorf("layout: %w", err)
	}
	lasts := body[valuesHeadSize:]
	if order.Uint64(body[1:]) != p.generation || len(lasts) != 8*len(p.series) {
		return nil, errors.New("the values belong to another layout")
	}
	p.complete = pcommon.Timestamp(order.Uint64(body[headSize:]))
	p.refused = pcommon.Timestamp(order.Uint64(body[headSize+8:]))
	p.at = pcommon.Timestamp(order.Uint64(body[headSize+16:]))
	for i := range p.series {
		k := &p.series[i]
		k.last = math.Float64frombits(order.Uint64(lasts[8*i:]))
		if i < p.exposed {
			k.at = p.at
		}
	}
	return p, nil
}

// decode reads the body of a layout record, which is as long as its head at least.
func (l *layout) decode(body []byte) error {
	l.generation, l.fingerprint = order.Uint64(body[1:]), order.Uint64(body[headSize:])
	l.exposed = int(order.Uint32(body[headSize+8:]))
	n := int(order.Uint32(body[headSize+12:]))
	rest := body[layoutHeadSize:]
	if l.exposed > n || n > (len(rest)-4)/entrySize {
		return errDamaged
	}
	l.series = make([]entry, n)
	for i := range l.series {
		raw := rest[i*entrySize:]
		l.series[i] = entry{
			hash: order.Uint64(raw), start: pcommon.Timestamp(order.Uint64(raw[8:])), at: pcommon.Timestamp(order.Uint64(raw[16:])),
		}
	}
	rest = rest[n*entrySize:]
	gauges := int(order.Uint32(rest))
	if len(rest) != 4+8*gauges {
		return errDamaged
	}
	for i := range gauges {
		l.gauges = append(l.gauges, order.Uint64(rest[4+8*i:]))
	}
	return nil
}

// checked returns a record without its checksum. Its version comes first, so that another one is called by its name.
func checked(record []byte, least int) ([]byte, error) {
	switch {
	case len(record) > 0 && record[0] != recordVersion:
		return nil, fmt.Errorf("version is %d, this Weir reads %d", record[0], recordVersion)
	case len(record) < least+crcSize:
		return nil, errDamaged
	}
	body := record[:len(record)-crcSize]
	if crc32.Checksum(body, castagnoli) != order.Uint32(record[len(body):]) {
		return nil, errDamaged
	}
	return body, nil
}
