// Package keeper makes state machines durable: it logs what is applied to them, and now and then the whole of their
// state, in a directory of its own. A life that ends at any point is followed by one that knows exactly what was
// appended.
//
// Records are numbered from 0 on, without gaps, over all machines and lives. A snapshot names the number of the first
// record that is not in it. So recovery needs no positions: the newest intact snapshot, then every record from its
// number on. A number that is missing or comes twice means that the state cannot be known; then all of it is set aside
// in a folder lost-<n>, and the machines begin anew (Recovery.Lost). A write that was cut short at the end is no loss:
// Append never returned for it.
//
//	record    number u64 | what the machine is given; the record's type is the machine's kind
//	snapshot  number u64, then for each machine: kind u8 | length u64 | what it saved
//
// All numbers are little endian.
package keeper
