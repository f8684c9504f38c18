package aggregate

import (
	"encoding/binary"
	"math"
)

// number is the value of a point as it came: an int64 or a double.
type number struct {
	bits   uint64
	double bool
}

func intNumber(v int64) number { return number{bits: uint64(v)} }

func floatNumber(v float64) number { return number{bits: math.Float64bits(v), double: true} }

func (n number) float() float64 {
	if n.double {
		return math.Float64frombits(n.bits)
	}
	return float64(int64(n.bits))
}

func (n number) amount() amount {
	if n.double {
		return floatAmount(math.Float64frombits(n.bits))
	}
	return intAmount(int64(n.bits))
}

func (n number) finite() bool {
	if !n.double {
		return true
	}
	f := math.Float64frombits(n.bits)
	return f-f == 0
}

func (n number) negative() bool {
	if n.double {
		return math.Float64frombits(n.bits) < 0
	}
	return int64(n.bits) < 0
}

// less compares exactly, also an int64 with a double.
func (n number) less(m number) bool {
	if n.double && m.double {
		return math.Float64frombits(n.bits) < math.Float64frombits(m.bits)
	}
	if !n.double && !m.double {
		return int64(n.bits) < int64(m.bits)
	}
	return n.amount().less(m.amount())
}

// since is n-m without loss.
func (n number) since(m number) amount {
	if n.double && m.double {
		return twoSum(n.float(), -m.float())
	}
	if !n.double && !m.double {
		if d := int64(n.bits) - int64(m.bits); (d >= 0) == (int64(n.bits) >= int64(m.bits)) {
			return intAmount(d)
		}
	}
	return n.amount().minus(m.amount())
}

// append encodes the number; cursor.number reads it.
func (n number) append(dst []byte) []byte {
	if n.double {
		return binary.LittleEndian.AppendUint64(append(dst, formDouble), n.bits)
	}
	return binary.AppendUvarint(append(dst, formInt), zigzag(int64(n.bits)))
}

func (c *cursor) number() number {
	switch c.byte() {
	case formInt:
		return intNumber(c.varint())
	case formDouble:
		return number{bits: c.u64(), double: true}
	}
	c.fail()
	return number{}
}
