// Package cardinalityprocessor shapes the series of a metrics pipeline before they reach a store: which names they
// have, which labels they keep, how many of them there may be. All of it happens in one walk over the data, stage
// after stage; each stage is optional.
//
// To follow a point: pipeline.go takes the call; walker.go leads it through rename.go, survey.go (what the rules of
// plans in entity.go and route.go say, and who was seen, contender.go) and editor.go, which carries that out; what merges
// is absorbed by internal/aggregate and sent by ticker.go, and what it leaves behind goes back to its lender by spent.go.
//
// Traces and logs have no series: traces.go and logs.go lead their texts through texts.go, which changes them in place.
// rehearsal.go runs all of it for metrics once, without storage, for cmd/weir-rules.
package cardinalityprocessor

//go:generate mdatagen metadata.yaml
