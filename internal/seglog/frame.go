package seglog

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
)

const (
	// A header is written twice, so that damage to one copy costs no record.
	copyBytes   = 24
	headerBytes = 2 * copyBytes
	frameBytes  = 12

	// version of the layout of segments and frames.
	version = 1

	mark0, mark1 = 0xA6, 0x5E

	// MaxPayload is the largest payload of one record, in bytes. It bounds what a
	// reader allocates for a length field it has not yet verified.
	MaxPayload = 64 << 20
)

var (
	magic      = [8]byte{'w', 'e', 'i', 'r', 's', 'e', 'g', 0}
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
)

// Record is one entry of the log. The meaning of Type and Payload is its owner's.
type Record struct {
	Type    uint8
	Payload []byte
}

// appendHeader writes the two copies of a segment's header.
func appendHeader(dst []byte, format uint16, salt uint64) []byte {
	start := len(dst)
	dst = append(dst, magic[:]...)
	dst = binary.LittleEndian.AppendUint16(dst, version)
	dst = binary.LittleEndian.AppendUint16(dst, format)
	dst = binary.LittleEndian.AppendUint64(dst, salt)
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(dst[start:], castagnoli))
	return append(dst, dst[start:]...)
}

// parseHeader gives the seed of a segment's checksums. foreign tells why a segment
// is not ours to read; it is empty for one that is.
func parseHeader(src []byte, oldest, format uint16) (seed uint32, foreign string) {
	if len(src) < headerBytes {
		return 0, "its header is incomplete"
	}
	header := src[:copyBytes]
	if !headerIntact(header) {
		header = src[copyBytes:headerBytes]
	}
	if !headerIntact(header) {
		return 0, "it does not begin with an intact header"
	}
	if got := binary.LittleEndian.Uint16(header[8:]); got != version {
		return 0, fmt.Sprintf("its layout has version %d, this program reads %d", got, version)
	}
	if got := binary.LittleEndian.Uint16(header[10:]); got < oldest || got > format {
		return 0, fmt.Sprintf("its records have format %d, this program reads %d", got, format)
	}
	return seedOf(binary.LittleEndian.Uint64(header[12:])), ""
}

func headerIntact(header []byte) bool {
	sum := binary.LittleEndian.Uint32(header[copyBytes-4:])
	return [8]byte(header[:8]) == magic && crc32.Checksum(header[:copyBytes-4], castagnoli) == sum
}

// seedOf turns a segment's salt into the state its checksums begin with.
func seedOf(salt uint64) uint32 {
	return crc32.Checksum(binary.LittleEndian.AppendUint64(nil, salt), castagnoli)
}

// appendFrame writes one record.
func appendFrame(dst []byte, seed uint32, record Record) []byte {
	start := len(dst)
	dst = append(dst, mark0, mark1, record.Type, 0)
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(record.Payload)))
	dst = binary.LittleEndian.AppendUint32(dst, checksum(seed, dst[start:start+8], record.Payload))
	return append(dst, record.Payload...)
}

// frameLength gives the length of the payload announced by a frame's header;
// ok is false when these bytes cannot begin a frame.
func frameLength(header []byte) (length int, ok bool) {
	if header[0] != mark0 || header[1] != mark1 || header[3] != 0 {
		return 0, false
	}
	n := binary.LittleEndian.Uint32(header[4:])
	return int(n), n <= MaxPayload
}

// frameValid checks the checksum of a whole frame.
func frameValid(seed uint32, frame []byte) bool {
	return checksum(seed, frame[:8], frame[frameBytes:]) == binary.LittleEndian.Uint32(frame[8:])
}

func checksum(seed uint32, header, payload []byte) uint32 {
	return crc32.Update(crc32.Update(seed, castagnoli, header), castagnoli, payload)
}
