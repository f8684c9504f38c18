// Package inflate decompresses gzip (RFC 1951 and 1952) for a caller that
// reads the text itself and needs no copy of it: the 32 KiB in which matches
// are looked up are the end of the buffer that the caller parses. It is made
// for bodies of megabytes that compress well, which it decompresses in half
// the time of klauspost/compress (BenchmarkPage).
//
// What it accepts and what it refuses is what compress/gzip of the standard
// library does, byte by byte; the tests hold it to that. Input may be hostile:
// none makes it panic, and its memory depends on what the caller keeps, not on
// the input.
//
// In the order of the data: bits.go reads, member.go and block.go follow the
// format, table.go builds the Huffman tables, symbols.go and fast.go decode,
// window.go is where the output lies; reader.go drives them.
package inflate
