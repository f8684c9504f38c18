package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/maphash"

	"google.golang.org/protobuf/encoding/protowire"
)

// arrival is one sample on the wire, with a hash for its label set.
type arrival struct {
	series uint64
	millis int64
	stale  bool
	flink  bool // the metric is one of Flink's
}

// staleNaN is the value that marks the end of a series.
const staleNaN = 0x7ff0000000000002

var (
	errWire  = errors.New("malformed protobuf")
	seed     = maphash.MakeSeed()
	nameKey  = []byte("__name__")
	flinkTag = []byte("flink_")
)

// Field numbers of the two protocols; samples have those of the last line in both.
const (
	series1, labels1, samples1 = 1, 1, 2
	labelName, labelValue      = 1, 2

	symbols2, series2, refs2, samples2 = 4, 5, 1, 2

	value, timestamp = 1, 2
)

// fields calls f with each field of a message; content is empty for fields that are no bytes, number for those that are.
func fields(b []byte, f func(field protowire.Number, number uint64, content []byte) error) error {
	for len(b) > 0 {
		field, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errWire
		}
		b = b[n:]
		var number uint64
		var content []byte
		switch kind {
		case protowire.VarintType:
			number, n = protowire.ConsumeVarint(b)
		case protowire.Fixed64Type:
			number, n = protowire.ConsumeFixed64(b)
		case protowire.BytesType:
			content, n = protowire.ConsumeBytes(b)
		default:
			return errWire
		}
		if n < 0 {
			return errWire
		}
		b = b[n:]
		if err := f(field, number, content); err != nil {
			return err
		}
	}
	return nil
}

// identity collects the labels of one series. Their order does not matter.
type identity struct {
	hash  uint64
	named bool
	flink bool
}

func (id *identity) add(name, value []byte, nameHash, valueHash uint64) {
	var pair [16]byte
	binary.LittleEndian.PutUint64(pair[:8], nameHash)
	binary.LittleEndian.PutUint64(pair[8:], valueHash)
	id.hash += maphash.Bytes(seed, pair[:])
	if bytes.Equal(name, nameKey) {
		id.named = true
		id.flink = bytes.HasPrefix(value, flinkTag)
	}
}

// decode1 appends the samples of a request of remote write 1.0.
func decode1(raw []byte, out []arrival) ([]arrival, error) {
	err := fields(raw, func(field protowire.Number, _ uint64, series []byte) error {
		if field != series1 {
			return nil
		}
		var id identity
		begin := len(out)
		err := fields(series, func(field protowire.Number, _ uint64, content []byte) (err error) {
			switch field {
			case labels1:
				err = addLabel(&id, content)
			case samples1:
				out, err = appendSample(out, content)
			}
			return err
		})
		return errors.Join(err, identify(out[begin:], id))
	})
	return out, err
}

func addLabel(id *identity, label []byte) error {
	var name, value []byte
	err := fields(label, func(field protowire.Number, _ uint64, content []byte) error {
		switch field {
		case labelName:
			name = content
		case labelValue:
			value = content
		}
		return nil
	})
	id.add(name, value, maphash.Bytes(seed, name), maphash.Bytes(seed, value))
	return err
}

// decode2 appends the samples of a request of remote write 2.0.
func decode2(raw []byte, out []arrival) ([]arrival, error) {
	var symbols [][]byte
	var hashes []uint64
	err := fields(raw, func(field protowire.Number, _ uint64, content []byte) error {
		if field == symbols2 {
			symbols, hashes = append(symbols, content), append(hashes, maphash.Bytes(seed, content))
		}
		return nil
	})
	if err != nil {
		return out, err
	}
	err = fields(raw, func(field protowire.Number, _ uint64, series []byte) error {
		if field != series2 {
			return nil
		}
		var id identity
		begin := len(out)
		err := fields(series, func(field protowire.Number, _ uint64, content []byte) (err error) {
			switch field {
			case refs2:
				err = addRefs(&id, content, symbols, hashes)
			case samples2:
				out, err = appendSample(out, content)
			}
			return err
		})
		return errors.Join(err, identify(out[begin:], id))
	})
	return out, err
}

func addRefs(id *identity, packed []byte, symbols [][]byte, hashes []uint64) error {
	for len(packed) > 0 {
		name, n := protowire.ConsumeVarint(packed)
		if n < 0 {
			return errWire
		}
		value, m := protowire.ConsumeVarint(packed[n:])
		if m < 0 || max(name, value) >= uint64(len(symbols)) {
			return errWire
		}
		packed = packed[n+m:]
		id.add(symbols[name], symbols[value], hashes[name], hashes[value])
	}
	return nil
}

// appendSample reads a sample, which looks the same in both protocols.
func appendSample(out []arrival, sample []byte) ([]arrival, error) {
	var a arrival
	err := fields(sample, func(field protowire.Number, number uint64, _ []byte) error {
		switch field {
		case value:
			a.stale = number == staleNaN
		case timestamp:
			a.millis = int64(number)
		}
		return nil
	})
	return append(out, a), err
}

// identify gives the samples of one series its identity.
func identify(samples []arrival, id identity) error {
	if !id.named {
		return errors.New("a series has no name")
	}
	for i := range samples {
		samples[i].series, samples[i].flink = id.hash, id.flink
	}
	return nil
}
