// Package detect tells what a label value is made of: identifiers, times, network addresses, personal data and secrets, as
// spans with a Kind. Every kind has a hand-written scanner after the standard or format its docstring names.
//
// One pass over a value runs like this:
//
//	key.go    what the key says: `le` is a bound, `client_ip` a person's address, `pid` a process (cached per key)
//	shape.go  character classes and the longest run; most static values leave here
//	whole.go  values that only their key explains: pid, phone, name, address, password
//	marked.go parts with a mark of their own: user:password@, name=secret, a@b.c, `Bearer ...`
//	scan.go   word by word: times, network, personal, tokens, identifiers, numbers, randomness
//
// Nothing here allocates when the caller's slice of spans has room, and all scanners are linear in the length of the value.
package detect
