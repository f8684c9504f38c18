package supersede

import (
	"encoding/binary"
	"errors"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

// Key names an output entity: the labels that remain. It is the head of a SHA-256.
type Key [16]byte

// ID names an incarnation among those of one key: the labels that go. It is the head of a SHA-256.
type ID [8]byte

// NoAttempt is the attempt of an incarnation that has no number.
const NoAttempt = -1

// Sighting is what one call shows of one incarnation.
type Sighting struct {
	Key     Key
	ID      ID
	Attempt int64             // task_attempt_num, at least 0, or NoAttempt
	Live    bool              // it has a point that is no stale marker
	Start   pcommon.Timestamp // earliest known start of its live points, 0: unknown
	Last    pcommon.Timestamp // latest time of its points
}

const (
	recordVersion = 1
)

var errRecord = errors.New("malformed record of sightings")

// Record encodes the sightings of one call. The zero value is ready for Begin.
type Record struct{ bytes []byte }

// Begin starts a record of a call at that moment of the wall clock, which only serves to forget who is silent.
func (r *Record) Begin(now pcommon.Timestamp) {
	r.bytes = binary.AppendUvarint(append(r.bytes[:0], recordVersion), uint64(now))
}

// Add appends a sighting. Several of one incarnation count as one.
func (r *Record) Add(s Sighting) {
	live := byte(0)
	if s.Live {
		live = 1
	}
	r.bytes = append(append(append(r.bytes, s.Key[:]...), s.ID[:]...), live)
	r.bytes = binary.AppendUvarint(r.bytes, uint64(s.Attempt+1))
	r.bytes = binary.AppendUvarint(r.bytes, uint64(s.Start))
	r.bytes = binary.AppendUvarint(r.bytes, uint64(s.Last))
}

// Bytes returns the record, valid until the next Begin.
func (r *Record) Bytes() []byte { return r.bytes }

// decodeRecord appends the sightings of a record to into. A record is taken whole or not at all.
func decodeRecord(record []byte, into []Sighting) (pcommon.Timestamp, []Sighting, error) {
	d := decoder{rest: record}
	if d.byte() != recordVersion {
		return 0, into, errRecord
	}
	now := pcommon.Timestamp(d.uvarint())
	for len(d.rest) > 0 && !d.failed {
		var s Sighting
		copy(s.Key[:], d.take(len(s.Key)))
		copy(s.ID[:], d.take(len(s.ID)))
		s.Live = d.byte() == 1
		s.Attempt = int64(d.uvarint()) - 1
		s.Start, s.Last = pcommon.Timestamp(d.uvarint()), pcommon.Timestamp(d.uvarint())
		d.failed = d.failed || s.Attempt < NoAttempt
		into = append(into, s)
	}
	if d.failed {
		return 0, into, errRecord
	}
	return now, into, nil
}

// decoder reads little pieces; after the first that is missing it reads zeros.
type decoder struct {
	rest   []byte
	failed bool
}

func (d *decoder) take(n int) []byte {
	if len(d.rest) < n {
		d.rest, d.failed = nil, true
		return nil
	}
	taken := d.rest[:n]
	d.rest = d.rest[n:]
	return taken
}

func (d *decoder) byte() byte {
	if b := d.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.rest)
	if n <= 0 {
		d.rest, d.failed = nil, true
		return 0
	}
	d.rest = d.rest[n:]
	return v
}
