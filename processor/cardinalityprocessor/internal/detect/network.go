package detect

import "net/netip"

// networkAt tries the addresses that begin with w.
func (s *scan) networkAt(w word) (int, Kind) {
	v, i, mark := s.value, w.start, byteAt(s.value, w.end)
	switch {
	case w.classes == digit && w.len() <= 3 && mark == '.':
		if end := ipv4At(v, i); end > 0 {
			if s.keepsAddresses() || constant(v, i, end) {
				return end, None
			}
			return end, IPv4
		}
	case w.classes == digit && mark == '-' && w.len() <= 3 && i >= 3 && (v[i-3:i] == "ip-" || v[i-3:i] == "c2-" && i == 4 && v[0] == 'e'):
		if end := dashedIPv4At(v, i); end > 0 {
			return end, HostIP
		}
	case w.only(hexadec) && w.len() == 2 && (mark == ':' || mark == '-'):
		if end := macAt(v, i); end > 0 {
			return end, MAC
		}
	case w.only(hexadec) && w.len() == 4 && mark == '.' && w.digits() > 0:
		if end := ciscoMACAt(v, i); end > 0 {
			return end, MAC
		}
	}
	if mark == ':' && w.only(hexadec) && w.len() <= 4 {
		if end := ipv6At(v, i); end > 0 && !s.keepsAddresses() {
			return end, IPv6
		}
	}
	return 0, None
}

// keepsAddresses tells whether addresses under this key are those of one's own machines, or versions.
func (s *scan) keepsAddresses() bool { return s.has(own | bounded | hardware) }

// ipv4At reads a dotted quad (RFC 791; RFC 6943, section 3.1.1: no leading zeros) that is not part of something longer, such as
// the version v1.2.3.4-rc.1 or 1.2.3.4.5.
func ipv4At(v string, i int) int {
	if b := byteAt(v, i-1); b == '.' || b == '-' || b == 'v' || b == '+' {
		return 0
	}
	end := i
	for octet := range 4 {
		if octet > 0 {
			if byteAt(v, end) != '.' {
				return 0
			}
			end++
		}
		n := digitsAt(v, end, 4)
		if n == 0 || n > 3 || n > 1 && v[end] == '0' {
			return 0
		}
		if number, _ := numberAt(v, end, n); number > 255 {
			return 0
		}
		end += n
	}
	if is(v, end, alnum|plus) || byteAt(v, end) == '.' && is(v, end+1, alnum) || byteAt(v, end) == '-' && is(v, end+1, letters) || byteAt(v, end) == '_' {
		return 0
	}
	return end
}

// constant tells whether the address names no one: loopback, unspecified, broadcast, a version of a browser (120.0.0.0) or a network.
func constant(v string, i, end int) bool {
	addr, err := netip.ParseAddr(v[i:end])
	if err != nil || addr.IsLoopback() || addr.IsUnspecified() {
		return true
	}
	b := addr.As4()
	return b[0] == 255 || b[1] == 0 && b[2] == 0 && b[3] == 0 || byteAt(v, end) == '/' && is(v, end+1, digit) && b[3] == 0
}

// dashedIPv4At reads the four numbers in host names of the form ip-10-1-2-3 (Amazon's private DNS names).
func dashedIPv4At(v string, i int) int {
	end := i
	for octet := range 4 {
		if octet > 0 {
			if byteAt(v, end) != '-' {
				return 0
			}
			end++
		}
		n := digitsAt(v, end, 4)
		if n == 0 || n > 3 {
			return 0
		}
		end += n
	}
	if is(v, end, alnum) {
		return 0
	}
	return end
}

// ipv6At reads the text of RFC 4291, section 2.2, without zone. Without a "::" it has eight groups; with one it needs a digit or
// three groups, which leaves out the scopes of C++ and Rust (abc::def).
func ipv6At(v string, i int) int {
	if b := byteAt(v, i-1); b == ':' || b == '.' || is(v, i-1, alnum) {
		return 0
	}
	end, colons, digits := i, 0, 0
	for end < len(v) && end-i < 45 && (is(v, end, hexadec|colon) || v[end] == '.' && colons > 0 && is(v, end+1, digit)) {
		switch {
		case v[end] == ':':
			colons++
		case isDigit(v[end]):
			digits++
		}
		end++
	}
	for end > i+2 && v[end-1] == ':' && v[end-2] != ':' {
		end--
		colons--
	}
	if colons < 2 || is(v, end, alnum) || colons < 3 && digits == 0 {
		return 0
	}
	addr, err := netip.ParseAddr(v[i:end])
	if err != nil || addr.IsLoopback() || addr.IsUnspecified() {
		return 0
	}
	return end
}

// macAt reads an EUI-48 or EUI-64 (IEEE 802, section 8.1) written in pairs with ':' or '-'.
func macAt(v string, i int) int {
	mark := v[i+2]
	if b := byteAt(v, i-1); b == mark || b == '.' {
		return 0
	}
	pairs, end := 1, i+2
	for pairs < 9 && byteAt(v, end) == mark && is(v, end+1, hexadec) && is(v, end+2, hexadec) && !is(v, end+3, alnum) {
		pairs++
		end += 3
	}
	if pairs != 6 && pairs != 8 || byteAt(v, end) == mark && is(v, end+1, alnum) {
		return 0
	}
	return end
}

// ciscoMACAt reads an EUI-48 in the three groups of Cisco's systems: 0011.2233.4455.
func ciscoMACAt(v string, i int) int {
	if i+14 > len(v) || v[i+9] != '.' || is(v, i-1, alnum) || byteAt(v, i-1) == '.' || is(v, i+14, alnum) || byteAt(v, i+14) == '.' {
		return 0
	}
	hex := 0
	for j := i; j < i+14; j++ {
		if is(v, j, hexadec) {
			hex++
		}
	}
	if hex != 12 {
		return 0
	}
	return i + 14
}
