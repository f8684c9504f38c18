package supersede

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"go.opentelemetry.io/collector/pdata/pcommon"
)

const snapshotVersion = 1

var errSnapshot = errors.New("malformed snapshot of owners")

// Save writes the state. Equal states are equal bytes.
func (o *Owners) Save(w io.Writer) error {
	b := []byte{snapshotVersion}
	for _, v := range []uint64{uint64(o.now), uint64(o.swept), o.call, o.takeovers, uint64(len(o.groups))} {
		b = binary.AppendUvarint(b, v)
	}
	if _, err := w.Write(b); err != nil {
		return err
	}
	keys := slices.SortedFunc(maps.Keys(o.groups), func(a, b Key) int { return bytes.Compare(a[:], b[:]) })
	for _, key := range keys {
		b = o.groups[key].append(b[:0])
		if _, err := w.Write(b); err != nil {
			return err
		}
	}
	return nil
}

func (g *group) append(b []byte) []byte {
	b = append(b, g.key[:]...)
	for _, v := range []uint64{
		uint64(g.owner + 1), uint64(g.floor), uint64(g.last), uint64(g.heard), g.call, uint64(len(g.incarnations)),
	} {
		b = binary.AppendUvarint(b, v)
	}
	for i := range g.incarnations {
		b = g.incarnations[i].append(b)
	}
	return b
}

func (in *incarnation) append(b []byte) []byte {
	gone := uint64(0)
	if in.gone {
		gone = 1
	}
	b = append(b, in.id[:]...)
	for _, v := range []uint64{
		uint64(in.attempt + 1), uint64(in.start), in.appeared, uint64(in.born), uint64(in.heard), uint64(in.liveAt), gone,
	} {
		b = binary.AppendUvarint(b, v)
	}
	return b
}

// Load replaces the state by one that Save wrote. An error leaves the state as it was.
func (o *Owners) Load(r io.Reader) error {
	s := snapshotReader{r: bufio.NewReader(r)}
	if version := s.byte(); s.err == nil && version != snapshotVersion {
		return fmt.Errorf("snapshot of owners has version %d, allowed is %d", version, snapshotVersion)
	}
	fresh := New(o.maxOutputs)
	fresh.now, fresh.swept = s.time(), s.time()
	fresh.call, fresh.takeovers = s.uvarint(), s.uvarint()
	for n := s.uvarint(); n > 0 && s.err == nil; n-- {
		g := s.group()
		fresh.groups[g.key] = g
	}
	if s.err != nil {
		return fmt.Errorf("%w: %w", errSnapshot, s.err)
	}
	*o = *fresh
	return nil
}

// snapshotReader reads little pieces; after the first error it reads zeros.
type snapshotReader struct {
	r   *bufio.Reader
	err error
}

func (s *snapshotReader) group() *group {
	g := &group{}
	s.fill(g.key[:])
	owner := s.uvarint()
	g.floor, g.last, g.heard, g.call = s.time(), s.time(), s.time(), s.uvarint()
	n := s.uvarint()
	if n > maxIncarnations || owner > n {
		s.fail(fmt.Errorf("owner %d of %d incarnations", owner, n))
		n, owner = 0, 0
	}
	g.owner = int(owner) - 1
	for range n {
		g.incarnations = append(g.incarnations, s.incarnation())
	}
	return g
}

func (s *snapshotReader) incarnation() incarnation {
	var in incarnation
	s.fill(in.id[:])
	in.attempt = int64(s.uvarint()) - 1
	in.start, in.appeared = s.time(), s.uvarint()
	in.born, in.heard, in.liveAt = s.time(), s.time(), s.time()
	in.gone = s.uvarint() == 1
	if in.attempt < NoAttempt {
		s.fail(fmt.Errorf("attempt %d", in.attempt))
	}
	return in
}

func (s *snapshotReader) time() pcommon.Timestamp { return pcommon.Timestamp(s.uvarint()) }

func (s *snapshotReader) uvarint() uint64 {
	if s.err != nil {
		return 0
	}
	v, err := binary.ReadUvarint(s.r)
	s.fail(err)
	return v
}

func (s *snapshotReader) byte() byte {
	var b [1]byte
	s.fill(b[:])
	return b[0]
}

func (s *snapshotReader) fill(b []byte) {
	if s.err == nil {
		_, err := io.ReadFull(s.r, b)
		s.fail(err)
	}
}

func (s *snapshotReader) fail(err error) {
	if s.err == nil {
		s.err = err
	}
}
