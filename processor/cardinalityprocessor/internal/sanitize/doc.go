// Package sanitize reads label values for rules: what they are made of, and what is left of them without it.
//
//	subject.go    a value while it is judged: redaction, detection, templates, mining, as the rules ask for them
//	reason.go     what a change rests on
//	key.go        what a key says about its values
//	cache.go      decisions that were made, by key and value
package sanitize
