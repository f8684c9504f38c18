package detect

// timeAt tries the times that begin with w: ISO 8601 and RFC 3339, RFC 9110's HTTP dates, the common log format, compact dates.
func (s *scan) timeAt(w word) (int, Kind) {
	v, i := s.value, w.start
	switch {
	case w.classes == digit && w.len() == 4 && byteAt(v, w.end) == '-' || w.digits() == 10 && w.len() == 13 && v[w.start+8]|0x20 == 't':
		return isoAt(v, i)
	case w.classes == digit && w.len() == 4 && (byteAt(v, w.end) == '/' || byteAt(v, w.end) == '.' || byteAt(v, w.end) == '_'):
		return dottedDateAt(v, i)
	case w.classes == digit && w.len() <= 2 && byteAt(v, w.end) == '/':
		return logDateAt(v, i), LogDate
	case w.len() == 3 && w.only(letters) && byteAt(v, w.end) == ',':
		return httpDateAt(v, i), HTTPDate
	case w.len() >= 15 && w.len() <= 16 && w.digits() >= 14 && v[w.start+8]|0x20 == 't':
		return basicAt(v, w)
	}
	return 0, None
}

// isoAt reads an ISO 8601 calendar date, and after 'T', 't', ' ' or '_' a time of day with fraction and zone (RFC 3339, section 5.6).
func isoAt(v string, i int) (int, Kind) {
	if is(v, i-1, dash|alnum) && !is(v, i-1, letters) && byteAt(v, i-1) != '-' {
		return 0, None
	}
	if !calendar(v, i, i+5, i+8) || byteAt(v, i+7) != '-' || is(v, i+10, digit) {
		return 0, None
	}
	end := i + 10
	if b := byteAt(v, end); b != 'T' && b != 't' && b != ' ' && b != '_' {
		return end, Date
	}
	if clock := clockAt(v, end+1); clock > 0 {
		return zoneAt(v, clock), Timestamp
	}
	return end, Date
}

// dottedDateAt reads 2006/01/02, 2006.01.02 and 2006_01_02, with or without a time of day.
func dottedDateAt(v string, i int) (int, Kind) {
	mark := v[i+4]
	if !calendar(v, i, i+5, i+8) || byteAt(v, i+7) != mark || is(v, i+10, alnum) || is(v, i-1, alnum) {
		return 0, None
	}
	if mark == '.' && (byteAt(v, i-1) == '.' || byteAt(v, i+10) == '.' && is(v, i+11, digit)) {
		return 0, None
	}
	if byteAt(v, i+10) == ' ' {
		if clock := clockAt(v, i+11); clock > 0 {
			return zoneAt(v, clock), Timestamp
		}
	}
	return i + 10, Date
}

// basicAt reads the basic format of ISO 8601: 20060102T150405Z.
func basicAt(v string, w word) (int, Kind) {
	hour, ok := numberAt(v, w.start+9, 6)
	if !ok || !calendar(v, w.start, w.start+4, w.start+6) || !dayTime(hour/10000, hour/100%100, hour%100) {
		return 0, None
	}
	return zoneAt(v, w.start+15), Timestamp
}

// calendar tells whether year, month and day stand at these places.
func calendar(v string, year, month, day int) bool {
	y, okY := numberAt(v, year, 4)
	m, okM := numberAt(v, month, 2)
	d, okD := numberAt(v, day, 2)
	return okY && okM && okD && y >= 1900 && y < 2200 && m >= 1 && m <= 12 && d >= 1 && d <= 31
}

func dayTime(h, m, s int) bool { return h < 24 && m < 60 && s <= 60 }

// clockAt reads hh:mm, hh:mm:ss and its fraction; in file names '-', '_' and '.' stand for the colons.
func clockAt(v string, i int) int {
	h, okH := numberAt(v, i, 2)
	m, okM := numberAt(v, i+3, 2)
	mark := byteAt(v, i+2)
	if !okH || !okM || !dayTime(h, m, 0) || mark != ':' && mark != '-' && mark != '_' && mark != '.' {
		return 0
	}
	end := i + 5
	if s, ok := numberAt(v, end+1, 2); ok && byteAt(v, end) == mark && s <= 60 {
		end += 3
		if b := byteAt(v, end); b == '.' || b == ',' {
			if n := digitsAt(v, end+1, 12); n > 0 {
				end += 1 + n
			}
		}
	}
	if is(v, end, digit) {
		return 0
	}
	return end
}

// zoneAt reads an offset or Z behind a time of day; without one it ends where it began.
func zoneAt(v string, i int) int {
	j := i
	if byteAt(v, j) == ' ' && (byteAt(v, j+1) == '+' || byteAt(v, j+1) == '-') {
		j++
	}
	switch byteAt(v, j) {
	case 'Z', 'z':
		if !is(v, j+1, alnum) {
			return j + 1
		}
	case '+', '-':
		if _, ok := numberAt(v, j+1, 2); !ok {
			return i
		}
		end := j + 3
		if byteAt(v, end) == ':' {
			end++
		}
		if _, ok := numberAt(v, end, 2); ok {
			return end + 2
		}
		return j + 3
	}
	return i
}

// httpDateAt reads an IMF-fixdate of RFC 9110, section 5.6.7 (RFC 1123): Mon, 02 Jan 2006 15:04:05 GMT, or with an offset (RFC 5322).
func httpDateAt(v string, i int) int {
	j := i + 4
	if byteAt(v, j) != ' ' || !oneOf(v, i, "MonTueWedThuFriSatSun") {
		return 0
	}
	n := digitsAt(v, j+1, 2)
	month := j + 2 + n
	if n == 0 || !oneOf(v, month, months) {
		return 0
	}
	if _, ok := numberAt(v, month+4, 4); !ok || byteAt(v, month+8) != ' ' {
		return 0
	}
	end := clockAt(v, month+9)
	if end == 0 {
		return 0
	}
	for _, zone := range []string{" GMT", " UTC"} {
		if end+4 <= len(v) && v[end:end+4] == zone {
			return end + 4
		}
	}
	return zoneAt(v, end)
}

const months = "JanFebMarAprMayJunJulAugSepOctNovDec"

// logDateAt reads the time of the common log format of NCSA and Apache: 02/Jan/2006:15:04:05 -0700.
func logDateAt(v string, i int) int {
	n := digitsAt(v, i, 2)
	month := i + n + 1
	if !oneOf(v, month, months) || byteAt(v, month+3) != '/' || byteAt(v, month+8) != ':' {
		return 0
	}
	if _, ok := numberAt(v, month+4, 4); !ok {
		return 0
	}
	end := clockAt(v, month+9)
	if end == 0 {
		return 0
	}
	return zoneAt(v, end)
}

// oneOf tells whether three letters of the list stand at i.
func oneOf(v string, i int, list string) bool {
	if i < 0 || i+3 > len(v) {
		return false
	}
	for j := 0; j < len(list); j += 3 {
		if v[i:i+3] == list[j:j+3] {
			return true
		}
	}
	return false
}
