package aggregate

import (
	"encoding/binary"
	"errors"
	"math"
	"slices"
	"strings"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// maxDepth limits how deep attribute values nest; deeper ones become strings.
const maxDepth = 8

var errAttributes = errors.New("attributes are damaged")

// appendMap appends m in a canonical form: count, then keys in order with tagged values. Maps are equal exactly if
// their forms are.
func appendMap(dst []byte, m pcommon.Map, depth int) []byte {
	type entry struct {
		key   string
		value pcommon.Value
	}
	var room [16]entry
	entries := room[:0]
	for k, v := range m.All() {
		entries = append(entries, entry{k, v})
	}
	slices.SortStableFunc(entries, func(a, b entry) int { return strings.Compare(a.key, b.key) })
	dst = binary.AppendUvarint(dst, uint64(len(entries)))
	for _, e := range entries {
		dst = appendValue(appendString(dst, e.key), e.value, depth)
	}
	return dst
}

func appendValue(dst []byte, v pcommon.Value, depth int) []byte {
	kind := v.Type()
	if depth >= maxDepth && (kind == pcommon.ValueTypeMap || kind == pcommon.ValueTypeSlice) {
		return appendString(append(dst, byte(pcommon.ValueTypeStr)), v.AsString())
	}
	dst = append(dst, byte(kind))
	switch kind {
	case pcommon.ValueTypeStr:
		return appendString(dst, v.Str())
	case pcommon.ValueTypeInt:
		return binary.AppendVarint(dst, v.Int())
	case pcommon.ValueTypeDouble:
		return binary.LittleEndian.AppendUint64(dst, math.Float64bits(v.Double()))
	case pcommon.ValueTypeBool:
		if v.Bool() {
			return append(dst, 1)
		}
		return append(dst, 0)
	case pcommon.ValueTypeBytes:
		return appendString(dst, string(v.Bytes().AsRaw()))
	case pcommon.ValueTypeMap:
		return appendMap(dst, v.Map(), depth+1)
	case pcommon.ValueTypeSlice:
		dst = binary.AppendUvarint(dst, uint64(v.Slice().Len()))
		for _, item := range v.Slice().All() {
			dst = appendValue(dst, item, depth+1)
		}
	}
	return dst
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// readMap is the inverse of appendMap. The strings in m share encoded's memory.
func readMap(encoded string, m pcommon.Map) error {
	r := textReader{text: encoded}
	r.readMap(m, 0)
	if r.text != "" {
		r.failed = true
	}
	if r.failed {
		return errAttributes
	}
	return nil
}

type textReader struct {
	text   string
	failed bool
}

func (r *textReader) fail() uint64 {
	r.text, r.failed = "", true
	return 0
}

func (r *textReader) uvarint() uint64 {
	var v uint64
	for i := 0; i < len(r.text) && i < binary.MaxVarintLen64; i++ {
		b := r.text[i]
		v |= uint64(b&0x7f) << (7 * i)
		if b < 0x80 {
			r.text = r.text[i+1:]
			return v
		}
	}
	return r.fail()
}

// count reads the number of things that follow, each at least one byte long.
func (r *textReader) count() int {
	n := r.uvarint()
	if n > uint64(len(r.text)) {
		return int(r.fail())
	}
	return int(n)
}

func (r *textReader) take(n int) string {
	if n > len(r.text) {
		r.fail()
		return ""
	}
	s := r.text[:n]
	r.text = r.text[n:]
	return s
}

func (r *textReader) readMap(m pcommon.Map, depth int) {
	n := r.count()
	m.EnsureCapacity(min(n, 64))
	for range n {
		key := r.take(r.count())
		if r.failed {
			return
		}
		r.readValue(m.PutEmpty(key), depth)
	}
}

func (r *textReader) readValue(v pcommon.Value, depth int) {
	kind := r.take(1)
	if r.failed || depth > maxDepth {
		r.fail()
		return
	}
	switch pcommon.ValueType(kind[0]) {
	case pcommon.ValueTypeEmpty:
	case pcommon.ValueTypeStr:
		v.SetStr(r.take(r.count()))
	case pcommon.ValueTypeInt:
		u := r.uvarint()
		v.SetInt(int64(u>>1) ^ -int64(u&1))
	case pcommon.ValueTypeDouble:
		if b := r.take(8); !r.failed {
			v.SetDouble(math.Float64frombits(binary.LittleEndian.Uint64([]byte(b))))
		}
	case pcommon.ValueTypeBool:
		v.SetBool(r.take(1) == "\x01")
	case pcommon.ValueTypeBytes:
		v.SetEmptyBytes().FromRaw([]byte(r.take(r.count())))
	case pcommon.ValueTypeMap:
		r.readMap(v.SetEmptyMap(), depth+1)
	case pcommon.ValueTypeSlice:
		items := v.SetEmptySlice()
		for n := r.count(); n > 0 && !r.failed; n-- {
			r.readValue(items.AppendEmpty(), depth+1)
		}
	default:
		r.fail()
	}
}
