// Package aggregate merges series without making a total wrong. It is a deterministic state machine: points are encoded
// into records, and Apply(record) changes the state depending on nothing but the state and the record, so that live
// operation and recovery from a log run the same code and end in the same state, byte for byte.
//
// A call's points pass through it like this:
//
//	batch := a.Begin()                       // under the caller's mutex, as everything below unless told otherwise
//	ref, err := a.Resolve(input, &output)    // once per series: the caller caches refs until Generation changes
//	batch.Number(ref, point, temporality)    // encodes into the batch alone: needs no mutex
//	record := batch.Record(now)              // then, in one hold of the mutex: append it to the log, if there is one,
//	tally, err := a.Apply(record)            // and apply it
//	batch.Release()                          // always, also when the batch was given up
//
// and a tick like this:
//
//	record, due := a.Tick(now)               // append, Apply; while Pending no other tick is due
//	err := a.Render(maxPoints, send)         // mutex NOT held; the same points every time, until
//	record = a.Done()                        // append, Apply
//
// The algorithm is told in docs/cardinality.md.
package aggregate
