package aggregate

import (
	"encoding/binary"
	"errors"
	"math"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// A record is kind u8 | clock uvarint | definitions | body. Only batches and ticks have definitions, only batches have
// samples and only ticks have parameters.
const (
	recordBatch byte = 1 + iota
	recordTick
	recordDone
	recordFloor
)

// Definitions are operations, ended by opEnd.
const (
	opEnd      byte = iota
	opEpoch         // epoch
	opOutput        // place, ID, sharing, family unless shared, attributes, function
	opInput         // ref, ID, place of its output; of a known input: it moves there
	opFunction      // place, function
)

// sharing of an opOutput's family with the one before it in the record.
const (
	shareNothing byte = iota
	shareResource
	shareFamily
)

// The head of a sample: its form, and what it shares with the sample before it.
const (
	formInt         byte = iota // zigzag
	formDouble                  // 8 bytes
	formWhole                   // a double without fraction, zigzag
	formStale                   // no value
	formHistogram               // see histogram.go
	formExponential             // see exponential.go
	formSummary                 // count, sum
	formExemplar                // of the sample before it
	formMask        = 0x07

	headSameTime  = 0x08
	headSameStart = 0x10
	headDelta     = 0x20
	headCumul     = 0x40
	headNextRef   = 0x80 // the ref is that of the sample before, plus one
)

var (
	errRecord     = errors.New("record is damaged")
	errDefinition = errors.New("record contradicts the state: another input or output has its place")
)

// cursor reads a record. After the first fault it returns zeros and bad is set.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) fail() uint64 {
	c.b, c.bad = nil, true
	return 0
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		return byte(c.fail())
	}
	v := c.b[0]
	c.b = c.b[1:]
	return v
}

func (c *cursor) uvarint() uint64 {
	if len(c.b) > 0 && c.b[0] < 0x80 {
		v := c.b[0]
		c.b = c.b[1:]
		return uint64(v)
	}
	v, n := binary.Uvarint(c.b)
	if n <= 0 {
		return c.fail()
	}
	c.b = c.b[n:]
	return v
}

func (c *cursor) varint() int64 {
	u := c.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

func (c *cursor) time() pcommon.Timestamp { return pcommon.Timestamp(c.uvarint()) }

func (c *cursor) u32() uint32 {
	v := c.uvarint()
	if v > math.MaxUint32 {
		return uint32(c.fail())
	}
	return uint32(v)
}

func (c *cursor) u64() uint64 {
	b := c.take(8)
	if c.bad {
		return 0
	}
	return binary.LittleEndian.Uint64(b)
}

func (c *cursor) float() float64 { return math.Float64frombits(c.u64()) }

func (c *cursor) take(n int) []byte {
	if n > len(c.b) {
		c.fail()
		return nil
	}
	v := c.b[:n]
	c.b = c.b[n:]
	return v
}

// count reads the number of things that follow, each at least one byte long, so that a damaged count allocates nothing.
func (c *cursor) count() int {
	n := c.uvarint()
	if n > uint64(len(c.b)) {
		return int(c.fail())
	}
	return int(n)
}

func (c *cursor) string() string { return string(c.take(c.count())) }

func (c *cursor) id() (id ID) {
	copy(id[:], c.take(len(id)))
	return id
}

func appendFloat(dst []byte, v float64) []byte {
	return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v))
}

// ago reads a distance from the clock, which may be negative.
func (c *cursor) ago() pcommon.Timestamp { return pcommon.Timestamp(c.varint()) }
