package inflate

import (
	"bytes"
	"hash/crc32"
	"testing"
)

func checksum(b []byte) uint32 { return crc32.ChecksumIEEE(b) }

// FuzzStream holds the reader to the standard library on any input.
func FuzzStream(f *testing.F) {
	for _, text := range texts() {
		for _, level := range []int{-2, 0, 1, 6, 9} {
			f.Add(zip(f, text[:min(len(text), 2000)], level))
		}
	}
	f.Add(append(zip(f, []byte("one"), 6), zip(f, []byte("two"), 1)...))
	f.Add(withHeader(f, 0x1e, 5, 0))
	var z Reader
	f.Fuzz(func(t *testing.T, stream []byte) { compare(t, &z, stream) })
}

// FuzzBlocks does the same behind a header that is right, where most of what can go wrong is.
func FuzzBlocks(f *testing.F) {
	for _, text := range texts() {
		f.Add(zip(f, text[:min(len(text), 2000)], 6)[10:])
	}
	head := zip(f, nil, 6)[:10]
	var z Reader
	f.Fuzz(func(t *testing.T, blocks []byte) { compare(t, &z, bytes.Join([][]byte{head, blocks}, nil)) })
}
