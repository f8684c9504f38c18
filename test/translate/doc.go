// Package translate compares what orderedremotewrite makes of OTLP with what
// contrib's translator for remote write does, sample by sample.
package translate
