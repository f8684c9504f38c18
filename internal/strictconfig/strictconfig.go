// Package strictconfig reads a component's configuration and names every mistake
// in it: the path of the key, what was given, and what is allowed there.
//
// The collector's own decoder reports Go types and the last key only, and stops
// describing unknown keys at "has invalid keys".
package strictconfig

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/collector/config/configoptional"
	"go.opentelemetry.io/collector/confmap"
)

var (
	durationType    = reflect.TypeFor[time.Duration]()
	unmarshalerType = reflect.TypeFor[confmap.Unmarshaler]()
	optionalPackage = reflect.TypeFor[configoptional.Optional[struct{}]]().PkgPath()
)

// Unmarshal decodes conf into config, a pointer to a struct that holds the defaults.
// A component's Config calls it from its own Unmarshal method. All mistakes are
// returned at once, joined, each on one line.
func Unmarshal(conf *confmap.Conf, config any) error {
	var faults []error
	checkStruct(&faults, "", conf.ToStringMap(), reflect.TypeOf(config).Elem(), true)
	if len(faults) > 0 {
		return errors.Join(faults...)
	}
	return conf.Unmarshal(config)
}

// checkStruct holds the keys and values of given against the fields of t.
// strict is false for a type that decodes itself: it may know keys that are no fields.
func checkStruct(faults *[]error, path string, given map[string]any, t reflect.Type, strict bool) {
	fields := fieldsOf(t)
	for _, key := range sortedKeys(given) {
		field, known := fields[key]
		at := join(path, key)
		switch {
		case known:
			checkValue(faults, at, given[key], field)
		case strict:
			*faults = append(*faults, fmt.Errorf("%s: unknown key%s (allowed here: %s)",
				at, suggestion(key, fields), strings.Join(sortedKeys(fields), ", ")))
		}
	}
}

// checkValue reports a value that cannot become a t. What it does not understand
// it leaves to the collector's decoder.
func checkValue(faults *[]error, path string, value any, t reflect.Type) {
	if value == nil {
		return
	}
	if inner, ok := optionalOf(t); ok {
		checkOptional(faults, path, value, inner)
		return
	}
	if t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	allowed := ""
	switch {
	case t == durationType:
		allowed = mismatch(isDuration(value), "a duration such as 500ms, 15s or 5m")
	case t.Kind() == reflect.Struct:
		nested, ok := value.(map[string]any)
		if ok {
			checkStruct(faults, path, nested, t, !reflect.PointerTo(t).Implements(unmarshalerType))
			return
		}
		allowed = mismatch(len(fieldsOf(t)) == 0, "a mapping with the keys "+strings.Join(sortedKeys(fieldsOf(t)), ", "))
	case t.Kind() == reflect.Slice && t.Elem().Kind() != reflect.Uint8:
		checkList(faults, path, value, t)
		return
	case t.Kind() == reflect.Bool:
		_, ok := value.(bool)
		allowed = mismatch(ok || isBoolText(value), "true or false")
	case t.Kind() >= reflect.Int && t.Kind() <= reflect.Int64:
		allowed = mismatch(isWhole(value), "a whole number")
	case t.Kind() >= reflect.Uint && t.Kind() <= reflect.Uint64:
		allowed = mismatch(isWhole(value) && !strings.HasPrefix(fmt.Sprint(value), "-"), "a whole number, 0 or more")
	}
	if allowed != "" {
		*faults = append(*faults, fmt.Errorf("%s: must be %s (got %s)", path, allowed, quote(value)))
	}
}

// optionalOf sees through configoptional.Optional, which decodes itself into the one value it holds.
func optionalOf(t reflect.Type) (reflect.Type, bool) {
	if t.PkgPath() != optionalPackage {
		return nil, false
	}
	get, ok := reflect.PointerTo(t).MethodByName("Get")
	if !ok {
		return nil, false
	}
	return get.Type.Out(0).Elem(), true
}

// checkOptional allows the key that every optional section has besides its own.
func checkOptional(faults *[]error, path string, value any, t reflect.Type) {
	section, ok := value.(map[string]any)
	if !ok {
		checkValue(faults, path, value, t)
		return
	}
	if enabled, given := section["enabled"]; given {
		checkValue(faults, join(path, "enabled"), enabled, reflect.TypeFor[bool]())
		section = maps.Clone(section)
		delete(section, "enabled")
	}
	checkValue(faults, path, section, t)
}

func checkList(faults *[]error, path string, value any, t reflect.Type) {
	items, ok := value.([]any)
	if !ok {
		if _, isMap := value.(map[string]any); isMap && reflect.PointerTo(t).Implements(unmarshalerType) {
			return
		}
		*faults = append(*faults, fmt.Errorf("%s: must be a list (got %s)", path, quote(value)))
		return
	}
	for i, item := range items {
		checkValue(faults, fmt.Sprintf("%s[%d]", path, i), item, t.Elem())
	}
}

// fieldsOf maps the YAML keys of a struct to the types of its fields; squashed structs are flattened.
func fieldsOf(t reflect.Type) map[string]reflect.Type {
	fields := map[string]reflect.Type{}
	for field := range t.Fields() {
		name, options, _ := strings.Cut(field.Tag.Get("mapstructure"), ",")
		switch {
		case !field.IsExported() || name == "-":
		case strings.Contains(options, "squash"):
			for key, nested := range fieldsOf(field.Type) {
				fields[key] = nested
			}
		case name != "":
			fields[name] = field.Type
		}
	}
	return fields
}

// suggestion names the allowed key that is one or two letters away, if there is one.
func suggestion(key string, fields map[string]reflect.Type) string {
	for _, candidate := range sortedKeys(fields) {
		if distance(key, candidate) <= 2 {
			return fmt.Sprintf(", did you mean %q?", candidate)
		}
	}
	return ""
}

// distance is the Levenshtein distance in bytes.
func distance(a, b string) int {
	previous := make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := range len(a) {
		current := make([]int, len(b)+1)
		current[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			current[j+1] = min(previous[j]+cost, previous[j+1]+1, current[j]+1)
		}
		previous = current
	}
	return previous[len(b)]
}

// mismatch gives what is allowed unless ok.
func mismatch(ok bool, allowed string) string {
	if ok {
		return ""
	}
	return allowed
}

func isDuration(value any) bool {
	text, ok := value.(string)
	if !ok {
		return false
	}
	_, err := time.ParseDuration(text)
	return err == nil
}

func isWhole(value any) bool {
	switch value.(type) {
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64:
		return true
	}
	_, err := strconv.ParseInt(fmt.Sprint(value), 0, 64)
	return err == nil
}

func isBoolText(value any) bool {
	text, ok := value.(string)
	if !ok {
		return false
	}
	_, err := strconv.ParseBool(text)
	return err == nil
}

func quote(value any) string {
	switch value.(type) {
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	}
	return strconv.Quote(fmt.Sprint(value))
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
