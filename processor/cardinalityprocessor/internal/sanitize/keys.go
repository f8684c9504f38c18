package sanitize

import (
	"strings"
	"sync/atomic"

	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

// key is what a label key says about its values.
type key struct {
	name string
	said detect.Key
	form template.Form
}

// keys remembers what keys say. They are few: a slot taken by another costs reading the key again.
type keys struct {
	slots [4096]atomic.Pointer[key]
}

func (c *keys) of(name string, hash uint64, detector *detect.Detector) *key {
	slot := &c.slots[hash%uint64(len(c.slots))]
	if k := slot.Load(); k != nil && k.name == name {
		return k
	}
	k := &key{name: strings.Clone(name), said: detector.Key(name), form: template.Promised(name)}
	slot.Store(k)
	return k
}
