package detect

import (
	"math/bits"
	"strings"
)

// uuidAt reads the 36 characters of a UUID (RFC 9562, section 4), of any version and case, nil and max included; also with '_'
// for '-', as names that allow no dashes have it (systemd's units, tables).
func uuidAt(v string, i int) int {
	if i+36 > len(v) || v[i+8] != '-' && v[i+8] != '_' || is(v, i+36, alnum) {
		return 0
	}
	mark := v[i+8]
	if v[i+13] != mark || v[i+18] != mark || v[i+23] != mark {
		return 0
	}
	for j := i; j < i+36; j++ {
		if classOf[v[j]]&hexadec == 0 && (v[j] != mark || j != i+8 && j != i+13 && j != i+18 && j != i+23) {
			return 0
		}
	}
	return i + 36
}

// podUIDAt reads the UID that the kubelet glues to "pod" in the names of cgroups: a UUID, or the digest of a static pod.
func podUIDAt(v string, w word) (start, end int, kind Kind) {
	start = w.start + 3
	if v[w.start:start] != "pod" {
		return 0, 0, None
	}
	if end := uuidAt(v, start); end > 0 {
		return start, end, UUID
	}
	for j := start; j < w.end; j++ {
		if classOf[v[j]]&hexadec == 0 || w.len() == 11 {
			return 0, 0, None
		}
	}
	return start, w.end, Hex
}

// identifierAt tries the identifiers that are one word: by length and alphabet, then by randomness.
func (s *scan) identifierAt(w word) (int, int, Kind) {
	v := s.value
	switch {
	case w.classes == digit:
		return w.start, w.end, s.number(w)
	case w.len() >= 12 && w.only(hexadec) && w.digits() > 0:
		start, end, kind := s.hex(w)
		if kind != None {
			return start, end, kind
		}
	case w.digits() >= 8 && w.changes() == 1 && is(v, w.end-1, digit):
		// A name with a number glued to it: usr12345678. The name stays.
		tail := word{start: w.end - w.digits(), end: w.end, classes: digit, counts: uint64(w.digits())}
		return tail.start, tail.end, s.number(tail)
	}
	if w.len() == 11 && v[w.start:w.start+3] == "tmp" || w.len() == 10 && w.start >= 4 && v[w.start-4:w.start] == "tmp." {
		if start, ok := tempName(v, w); ok {
			return start, w.end, TempName
		}
	}
	if w.len() >= 8 && w.changes() >= 2 && w.only(digit|anyLower) && strings.HasPrefix(v, "/tmp/") && !common(v[w.start:w.end]) {
		return w.start, w.end, TempName
	}
	if s.has(hardware) {
		return 0, 0, None
	}
	if s.padded {
		start := w.start
		for start > 0 && (v[start-1] == '+' || v[start-1] == '/') {
			start--
		}
		if end := base64At(v, start); end > 0 {
			return start, end, Base64
		}
		if end := base64At(v, w.start); end > 0 {
			return w.start, end, Base64
		}
	}
	if w.len() < 21 && s.shape.classes&anyLower != 0 && s.shape.classes&anyUpper != 0 && s.nano(w) {
		return w.start, w.start + 21, NanoID
	}
	if w.len() < shortest {
		return 0, 0, None
	}
	if kind := s.named(w); kind != None {
		return w.start, w.end, kind
	}
	if !s.has(bounded) && random(v[w.start:w.end], w) {
		return w.start, w.end, Random
	}
	return 0, 0, None
}

// named recognises the identifiers that have a name: ULID (26 characters of Crockford's base 32, first at most 7), KSUID (27 of
// base 62, first 0 to 3 until 2040), xid (20 of base 32 hex) and CUID (25, beginning with c).
func (s *scan) named(w word) Kind {
	v := s.value[w.start:w.end]
	switch {
	case w.digits() < 2:
	case len(v) == 26 && v[0] <= '7' && crockford(v) && (w.only(digit|anyUpper) || w.only(digit|anyLower)):
		return ULID
	case len(v) == 27 && v[0] >= '0' && v[0] <= '3' && w.has(anyLower) && w.has(anyUpper):
		return KSUID
	case len(v) == 20 && w.only(digit|anyLower) && v[0] >= '5' && v[0] <= 'd' && w.changes() >= 4 && base32hex(v):
		return XID
	case len(v) == 25 && v[0] == 'c' && w.only(digit|anyLower) && w.changes() >= 5:
		return CUID
	}
	return None
}

func crockford(v string) bool {
	for i := range len(v) {
		switch v[i] | 0x20 {
		case 'i', 'l', 'o', 'u':
			return false
		}
	}
	return true
}

func base32hex(v string) bool {
	for i := range len(v) {
		if v[i] > 'v' {
			return false
		}
	}
	return true
}

// hex recognises digests and identifiers of hexadecimal digits in one case: 12 and more with both letters and digits; what the
// length and the prefix say decides the kind (FIPS 180-4 digests, OCI's `sha256:`, W3C trace context, MongoDB's ObjectId).
func (s *scan) hex(w word) (int, int, Kind) {
	v := s.value
	if w.len() == 17 && !w.has(upperHex) && byteAt(v, w.start-1) == '-' && is(v, w.start-2, anyLower) {
		return w.start, w.end, Hex // a resource of AWS: i-, vol-, subnet-, ... and 17 digits, whatever the key
	}
	if w.has(lowerHex) && w.has(upperHex) || w.changes() < 2 || s.has(hardware) && w.len() < 32 {
		return 0, 0, None
	}
	if byteAt(v, w.start-1) == '.' && is(v, w.start-2, digit) && w.len() < 32 {
		return 0, 0, None
	}
	if start := digestPrefix(v, w.start); start < w.start && w.len() >= 32 {
		return start, w.end, Digest
	}
	switch n := w.len(); {
	case n < 32 && s.has(bounded):
		return 0, 0, None
	case n == 64 && s.has(holder) || n == 64 && holderPrefix(v, w.start):
		return w.start, w.end, ContainerID
	case n == 40 && !s.has(ident):
		return w.start, w.end, GitSHA
	case n == 24 && (v[w.start] == '5' || v[w.start] == '6' || v[w.start] == '7'):
		return w.start, w.end, ObjectID
	case n >= 16 || w.changes() >= 4:
		return w.start, w.end, Hex
	}
	return 0, 0, None
}

// digestPrefix returns where an algorithm's name and colon begin before i (OCI image spec, digests), else i.
func digestPrefix(v string, i int) int {
	for _, name := range []string{"sha256:", "sha512:", "sha384:", "sha1:", "md5:", "sha256-", "sha512-"} {
		if i >= len(name) && v[i-len(name):i] == name {
			return i - len(name)
		}
	}
	return i
}

// holderPrefix tells whether a container runtime's scheme or scope name stands before i.
func holderPrefix(v string, i int) bool {
	for _, name := range []string{"docker://", "containerd://", "cri-o://", "docker-", "crio-", "containerd-", "containers/"} {
		if i >= len(name) && v[i-len(name):i] == name {
			return true
		}
	}
	return false
}

// number recognises runs of eight and more digits that are no quantity: epochs by magnitude, snowflakes, dates, plain identifiers.
func (s *scan) number(w word) Kind {
	v, n := s.value, w.len()
	if n < 7 || n == 7 && (!s.has(ident) || n < len(v)) || s.has(bounded|hardware) || partOfDecimal(v, w) {
		return None
	}
	zeros := 0
	for zeros < n && v[w.start+zeros] == '0' {
		zeros++
	}
	if zeros >= 3 && (!s.has(ident) || w.start > 0) { // padded counters such as KSTREAM-AGGREGATE-0000000003
		return None
	}
	if n >= 20 {
		return Number
	}
	number := uint64(0)
	for j := w.start; j < w.end; j++ {
		number = number*10 + uint64(v[j]-'0')
	}
	if w.start == 0 && w.end == len(v) && !s.has(ident|moment) && round(number, n) {
		return None
	}
	if kind := epoch(number, n); kind != None && (!s.has(ident) || s.has(moment) || n != 10 && n != 19) {
		return kind
	}
	switch {
	case n == 8 && calendar(v, w.start, w.start+4, w.start+6) && !s.has(ident):
		return Date
	case n == 14 && calendar(v, w.start, w.start+4, w.start+6) && clockDigits(v, w.start+8):
		return Timestamp
	case n >= 17 && n <= 19 && snowflake(number):
		return Snowflake
	}
	return Number
}

// partOfDecimal tells whether the digits are a fraction, an integer part, an exponent or a component of a version.
func partOfDecimal(v string, w word) bool {
	before, after := byteAt(v, w.start-1), byteAt(v, w.end)
	return before == '.' && is(v, w.start-2, alnum) || after == '.' && is(v, w.end+1, digit) ||
		before == '+' || before == '-' && w.start == 1 || before == ',' && is(v, w.start-2, digit)
}

// epoch recognises POSIX times between September 2001 and 2036 in seconds, milli-, micro- and nanoseconds.
func epoch(number uint64, digits int) Kind {
	const first, last = 1_000_000_000, 2_100_000_000
	unit, kind := uint64(1), EpochSeconds
	switch digits {
	case 10:
	case 13:
		unit, kind = 1_000, EpochMillis
	case 16:
		unit, kind = 1_000_000, EpochMicros
	case 19:
		unit, kind = 1_000_000_000, EpochNanos
	default:
		return None
	}
	if seconds := number / unit; seconds < first || seconds >= last {
		return None
	}
	return kind
}

// snowflake tells whether the upper bits are milliseconds of Twitter's epoch (November 2010) or Discord's (2015) up to 2040.
func snowflake(number uint64) bool {
	const twitter, year = 1_288_834_974_657, 31_556_952_000
	since := number >> 22
	return since > year/4 && since < 2_208_988_800_000-twitter
}

// round tells whether a whole value is a quantity rather than a name: a power of two, or zeros in its lower half.
func round(number uint64, digits int) bool {
	if bits.OnesCount64(number) == 1 || bits.OnesCount64(number+1) == 1 {
		return true
	}
	power := uint64(1)
	for range (digits + 1) / 2 {
		power *= 10
	}
	return number%power == 0
}

func clockDigits(v string, i int) bool {
	clock, _ := numberAt(v, i, 6)
	return dayTime(clock/10000, clock/100%100, clock%100)
}

// tempName recognises what mkstemp and Python's tempfile make: "tmp." and ten letters and digits, "tmp" and eight of [a-z0-9_],
// which may be letters alone in the directory of temporary files.
func tempName(v string, w word) (int, bool) {
	if w.len() == 10 {
		return w.start, true
	}
	tail := w.start + 3
	return tail, !w.has(anyUpper) && (w.changes() >= 2 || !common(v[tail:w.end]) || strings.HasSuffix(v[:w.start], "/tmp/"))
}

// temporary tells whether the value may hold such a name.
func temporary(value string) bool {
	return strings.Contains(value, "tmp") && strings.Contains(value, "/")
}
