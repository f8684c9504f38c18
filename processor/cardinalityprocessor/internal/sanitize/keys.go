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

// keys remembers what keys say, each in one of two slots. They are few: where others took both, the key is read again.
type keys struct {
	slots [4096]atomic.Pointer[key]
}

func (c *keys) of(name string, hash uint64, detector *detect.Detector) *key {
	at := hash % uint64(len(c.slots))
	slot, second := &c.slots[at], &c.slots[at^1]
	if k := slot.Load(); k != nil {
		if k.name == name {
			return k
		}
		if k = second.Load(); k != nil && k.name == name {
			return k
		}
		slot = second
	}
	k := &key{name: strings.Clone(name), said: detector.Key(name), form: template.Promised(name)}
	slot.Store(k)
	return k
}
