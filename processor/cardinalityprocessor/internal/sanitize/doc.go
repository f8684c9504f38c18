// Package sanitize decides what becomes of one label value: it stays, becomes a template, loses what is sensitive in it, or goes.
//
//	decision.go   what was decided and why
//	subject.go    a value while it is judged: redaction, detection, templates, mining; the rules ask it step by step
//	sanitizer.go  all of it in order under one policy, which is how quality is measured
//	keys.go       what keys say about their values, read once
//	cache.go      decisions that were made, by key and value
package sanitize
