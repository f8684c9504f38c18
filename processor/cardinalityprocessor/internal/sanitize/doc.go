// Package sanitize decides what becomes of one label value: it stays, becomes a template, loses what is sensitive in it, or goes.
//
//	decision.go   what was decided and why
//	sanitizer.go  the order of decisions: SQL, detection, redaction, templates, mining
//	keys.go       what keys say about their values, read once
//	cache.go      decisions that were made, by key and value
package sanitize
