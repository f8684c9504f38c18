// Package promtest is a strict Prometheus remote-write receiver for tests.
//
// It is the yardstick of everything that claims to deliver in order: each
// request is checked against the remote write 1.0 and 2.0 specifications, each
// sample against the order of its series, and each series against being in two
// requests at once. What breaks a rule is written down as a violation; what is
// well formed is kept in full, with the number of the request that brought it.
// Faults (status codes, latency, resets, lost acknowledgements, hangs) are
// scripted per request.
package promtest
