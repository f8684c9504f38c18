package sanitize

import (
	"weir.example/processor/cardinalityprocessor/internal/detect"
	"weir.example/processor/cardinalityprocessor/internal/template"
)

// Key is what a label key says about its values.
type Key struct {
	name string
	said detect.Key
	form template.Form
}

// Key reads a label key.
func (r *Reader) Key(name string) Key {
	return Key{name: name, said: r.detector.Key(name), form: template.Promised(name)}
}
