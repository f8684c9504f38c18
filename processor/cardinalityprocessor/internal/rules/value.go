package rules

import (
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

const (
	// hashDigits is the length of a hashed value: 64 bits, so that among a million values two meet once in 37 million
	// such sets.
	hashDigits = 16
	maxBuckets = 65_536
	maxBounds  = 1024
	maxLength  = 4096
	maxMapping = 1024

	// notANumber is the bucket of values that are no numbers.
	notANumber = "NaN"
)

// newValueAction returns what the rule makes of a value; nil for actions that replace none.
func newValueAction(path string, r *Rule, hashKey []byte) (func(string) string, error) {
	switch r.Action {
	case Hash:
		if len(hashKey) == 0 {
			return nil, fmt.Errorf("%s.action: hash needs a key (got none; allowed: hash_key or hash_key_file)", path)
		}
		return hashValue(hashKey), nil
	case Bucket:
		return newBucket(path, r)
	case Truncate:
		if r.Length < 1 || r.Length > maxLength {
			return nil, fmt.Errorf("%s.length: must be 1 to %d (got %d)", path, maxLength, r.Length)
		}
		return func(value string) string { return truncate(value, r.Length) }, nil
	case Map:
		return newMapping(path, r)
	}
	return nil, nil
}

func hashValue(key []byte) func(string) string {
	key = slices.Clone(key)
	return func(value string) string {
		mac := hmac.New(sha256.New, key)
		mac.Write([]byte(value))
		return hex.EncodeToString(mac.Sum(nil)[:hashDigits/2])
	}
}

func newBucket(path string, r *Rule) (func(string) string, error) {
	switch {
	case (r.Buckets != 0) == (len(r.Bounds) > 0):
		return nil, fmt.Errorf("%s.buckets: bucket needs either buckets or bounds (got buckets %d and %d bounds)", path, r.Buckets, len(r.Bounds))
	case len(r.Bounds) > 0:
		return newBounds(path, r.Bounds)
	case r.Buckets < 2 || r.Buckets > maxBuckets:
		return nil, fmt.Errorf("%s.buckets: must be 2 to %d (got %d)", path, maxBuckets, r.Buckets)
	}
	n := uint64(r.Buckets)
	return func(value string) string {
		h := fnv.New64a() // the same on every machine and for ever
		h.Write([]byte(value))
		return strconv.FormatUint(h.Sum64()%n, 10)
	}, nil
}

func newBounds(path string, bounds []float64) (func(string) string, error) {
	if len(bounds) > maxBounds {
		return nil, fmt.Errorf("%s.bounds: at most %d bounds are allowed (got %d)", path, maxBounds, len(bounds))
	}
	names := make([]string, 0, len(bounds)+1)
	for i, bound := range bounds {
		if math.IsNaN(bound) || math.IsInf(bound, 0) || i > 0 && bound <= bounds[i-1] {
			return nil, fmt.Errorf("%s.bounds[%d]: bounds must be finite and rise (got %v)", path, i, bound)
		}
		names = append(names, strconv.FormatFloat(bound, 'g', -1, 64))
	}
	names = append(names, "+Inf")
	bounds = slices.Clone(bounds)
	return func(value string) string {
		number, err := strconv.ParseFloat(value, 64)
		if err != nil && !errors.Is(err, strconv.ErrRange) || math.IsNaN(number) {
			return notANumber
		}
		at, _ := slices.BinarySearch(bounds, number)
		return names[at]
	}, nil
}

// truncate keeps the first length characters, never a part of one.
func truncate(value string, length int) string {
	if len(value) <= length {
		return value
	}
	for i := range value {
		if length == 0 {
			return value[:i]
		}
		length--
	}
	return value
}

// mapped is one entry of a mapping.
type mapped struct {
	from Pattern
	to   string
}

// newMapping orders the entries, since a YAML mapping has no order: plain values first, then globs, then regexps; among
// globs the one with more plain characters first, else by text.
func newMapping(path string, r *Rule) (func(string) string, error) {
	if len(r.Mapping) == 0 || len(r.Mapping) > maxMapping {
		return nil, fmt.Errorf("%s.mapping: must have 1 to %d entries (got %d)", path, maxMapping, len(r.Mapping))
	}
	var (
		entries []mapped
		plain   = map[string]string{}
		faults  []error
	)
	for _, from := range slices.Sorted(maps.Keys(r.Mapping)) {
		pattern, err := ParsePattern(from)
		switch {
		case err != nil:
			faults = append(faults, fmt.Errorf("%s.mapping.%s: %w", path, from, err))
		case r.Mapping[from] == "":
			faults = append(faults, fmt.Errorf("%s.mapping.%s: must not be empty (the action drop removes labels)", path, from))
		case pattern.literal():
			plain[from] = r.Mapping[from]
		default:
			entries = append(entries, mapped{from: pattern, to: r.Mapping[from]})
		}
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	slices.SortStableFunc(entries, func(a, b mapped) int { return cmp.Compare(b.from.weight(), a.from.weight()) })
	otherwise := r.Otherwise
	return func(value string) string {
		if to, ok := plain[value]; ok {
			return to
		}
		for i := range entries {
			if entries[i].from.Match(value) {
				return entries[i].to
			}
		}
		return cmp.Or(otherwise, value)
	}, nil
}

// weight is how much a pattern says: the characters of a glob that are not wildcards, less for a regexp.
func (p *Pattern) weight() int {
	if p.regexp != nil {
		return -1
	}
	return utf8.RuneCountInString(p.text) - strings.Count(p.text, "*") - strings.Count(p.text, "?")
}
