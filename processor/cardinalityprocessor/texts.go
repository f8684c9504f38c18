package cardinalityprocessor

import (
	"strconv"
	"sync"
	"unicode/utf8"

	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/processor/cardinalityprocessor/internal/rules"
)

const (
	// maxDepth is how deep the walk goes into maps and lists. What lies deeper is one text, its JSON.
	maxDepth = 16
	// maxNumbers bounds the numbers whose texts are remembered.
	maxNumbers = 4096
)

// textWalk leads the texts of one call through the rules: attributes, names, messages and bodies, which have no points
// and do not merge. What no rule changes stays as it is, byte for byte, and costs no allocation.
type textWalk struct {
	set     *rules.Set
	program *rules.TextProgram
	beside  pcommon.Map // the attributes at hand as they came, where rules look at them
	changed textTally
	numbers map[int64]string

	// Made once, since a closure for each map would be an allocation for each.
	leaves [maxDepth]func(key string, v pcommon.Value) bool
}

var textWalks = sync.Pool{New: func() any { return newTextWalk() }}

func newTextWalk() *textWalk {
	w := &textWalk{beside: pcommon.NewMap(), numbers: map[int64]string{}}
	for depth := range w.leaves {
		w.leaves[depth] = func(key string, v pcommon.Value) bool { return w.value(key, v, depth) }
	}
	return w
}

// beginTexts returns a walk under these rules, to be ended by the caller.
func beginTexts(set *rules.Set) *textWalk {
	w := textWalks.Get().(*textWalk)
	w.set, w.changed = set, textTally{}
	return w
}

func (w *textWalk) end() {
	w.set, w.program = nil, nil
	textWalks.Put(w)
}

// enter finds the rules for what belongs to a resource, and tells whether there are any.
func (w *textWalk) enter(resource pcommon.Map) bool {
	w.program = w.set.TextProgram(resource)
	return w.program != nil
}

// near says which attributes stand beside what comes next. They are copied, since they change one after the other.
func (w *textWalk) near(attrs pcommon.Map) {
	if w.program.Beside() {
		attrs.CopyTo(w.beside)
	}
}

// attributes edits attributes that stand beside each other.
func (w *textWalk) attributes(attrs pcommon.Map) {
	if attrs.Len() > 0 {
		w.near(attrs)
		attrs.RemoveIf(w.leaves[0])
	}
}

// text returns what becomes of a text that can be changed and emptied, but not removed.
func (w *textWalk) text(key, text string) (fresh string, changed bool) {
	if text == "" {
		return text, false
	}
	fresh, action := w.program.Text(key, text, w.beside)
	if action == "" {
		return text, false
	}
	w.changed.count(action)
	return fresh, true
}

// value edits a value in place and tells whether it leaves. Entries of maps go by their own keys, those of lists by the
// key of the list.
func (w *textWalk) value(key string, v pcommon.Value, depth int) (leaves bool) {
	switch v.Type() {
	case pcommon.ValueTypeStr:
		return w.replace(key, v.Str(), v)
	case pcommon.ValueTypeInt:
		return w.replace(key, w.number(v.Int()), v)
	case pcommon.ValueTypeDouble, pcommon.ValueTypeBool:
		return w.replace(key, v.AsString(), v)
	case pcommon.ValueTypeBytes:
		return w.bytes(key, v)
	case pcommon.ValueTypeMap, pcommon.ValueTypeSlice:
		return w.nested(key, v, depth+1)
	}
	return false
}

func (w *textWalk) replace(key, text string, v pcommon.Value) (leaves bool) {
	fresh, action := w.program.Attribute(key, text, w.beside)
	if action == "" {
		return false
	}
	w.changed.count(action)
	if action != rules.Drop {
		v.SetStr(fresh)
	}
	return action == rules.Drop
}

func (w *textWalk) nested(key string, v pcommon.Value, depth int) (leaves bool) {
	switch {
	case w.drops(key):
		return true
	case depth == maxDepth:
		return w.replace(key, v.AsString(), v)
	case v.Type() == pcommon.ValueTypeMap:
		v.Map().RemoveIf(w.leaves[depth])
	default:
		v.Slice().RemoveIf(func(element pcommon.Value) bool { return w.value(key, element, depth) })
	}
	return false
}

// bytes looks at bytes that are text, as raw bodies are. In others there is nothing that a rule could name.
func (w *textWalk) bytes(key string, v pcommon.Value) (leaves bool) {
	if text := textOf(v.Bytes()); text != "" {
		return w.replace(key, text, v)
	}
	return w.drops(key)
}

// textOf returns the text that the bytes are, "" for others.
func textOf(b pcommon.ByteSlice) string {
	raw := b.AsRaw()
	if !utf8.Valid(raw) {
		return ""
	}
	return string(raw)
}

// drops tells whether what is no text leaves, with everything in it.
func (w *textWalk) drops(key string) bool {
	if !w.program.Drops(key, w.beside) {
		return false
	}
	w.changed.count(rules.Drop)
	return true
}

// number returns the text of a number. Codes, ports and sizes come again and again.
func (w *textWalk) number(n int64) string {
	text, known := w.numbers[n]
	if !known {
		if len(w.numbers) == maxNumbers {
			clear(w.numbers)
		}
		text = strconv.FormatInt(n, 10)
		w.numbers[n] = text
	}
	return text
}
