// Package series gives each series one identity, composed of three label sets
// that many series share: its entity (the labels of a resource), its name and
// its extras (what the point adds). Labels and sets are interned, and name and extras
// together are the form of many series, so a series holds two pointers and no label
// bytes.
//
// Two series are the same when their labels are, however these are spread over
// the three sets, and their entities are of one tenant. Look-ups go by 64-bit
// hashes and end with a comparison, so a collision costs time and never joins
// two series.
//
// Nothing here locks: one goroutine at a time changes tables, while sets and
// the sets of a series never change and may be read by any.
package series
