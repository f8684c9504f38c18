package aggregate

import (
	"crypto/sha256"
	"encoding/binary"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// ID identifies a series: the first 128 bits of the SHA-256 of its canonical description.
type ID [16]byte

// Output describes an output series, or any series for its ID. It is read during the call, never kept.
type Output struct {
	Resource                pcommon.Map
	ScopeName, ScopeVersion string
	Name, Description, Unit string
	Type                    pmetric.MetricType
	Monotonic               bool
	Attributes              pcommon.Map // of its points
	// Function merges gauges and up-down counters and is ignored for the rest. Auto decides by name and unit; an output
	// with a `quantile` attribute always has Max. Pass Max if the points had one that was removed.
	Function Function
}

// ID is independent of the order of attributes, of Description and Function.
func (o *Output) ID() ID {
	var room [512]byte
	b := appendMap(room[:0], o.Resource, 0)
	b = appendString(b, o.ScopeName)
	b = appendString(b, o.ScopeVersion)
	b = appendString(b, o.Name)
	b = appendString(b, o.Unit)
	b = binary.AppendUvarint(b, uint64(o.Type))
	if o.Monotonic {
		b = append(b, 1)
	}
	b = appendMap(b, o.Attributes, 0)
	sum := sha256.Sum256(b)
	return ID(sum[:16])
}
