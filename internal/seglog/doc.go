// Package seglog is an append-only log of records in segment files, made for two
// users: the write-ahead log of an exporter and the state log of an aggregator.
//
// A directory holds segments (`0000000000000001.seg`, numbered upwards), snapshots
// (`*.snap`) and a LOCK file that keeps a second process out. A segment is a
// header, written twice, followed by frames:
//
//	header  magic "weirseg\x00" | version u16 | format u16 | salt u64 | crc32c u32
//	frame   mark A6 5E | type u8 | zero u8 | length u32 | crc32c u32 | payload
//
// All numbers are little endian. The checksum of a frame covers the segment's
// random salt, the frame's header and its payload, so bytes of another segment,
// or a payload that imitates a frame, never pass for a record.
//
// Beside it, a Cell is a file with one small value that is overwritten in place,
// such as a cursor into the log.
//
// What holds:
//   - A record is read whole or not at all; one whose Append failed is not read.
//   - A segment that was closed, or found at Open, is never written again.
//   - Damage costs the records it touches and no other: a reader goes on at the
//     next frame whose checksum is right, and tells how many bytes it passed over.
//   - Segments of a version or format that is not ours are set aside under another
//     name, never deleted and never read.
//   - Nothing here panics on what it finds on disk.
package seglog
