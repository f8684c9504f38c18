// Package cardinalityprocessor shapes the series of a metrics pipeline before they reach a store: which names they
// have, which labels they keep, how many of them there may be. All of it happens in one walk over the data, stage
// after stage; each stage is optional. Now there is one: rename.
package cardinalityprocessor

//go:generate mdatagen metadata.yaml
