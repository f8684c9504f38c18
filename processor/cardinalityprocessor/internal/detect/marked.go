package detect

import "strings"

// marked finds the parts that carry a mark of their own (://, @, =, Basic), from left to right. They come before the words,
// for they reach to the left of their mark.
func (s *scan) marked() {
	v := s.value
	free := 0 // what lies before belongs to a span
	for i := 0; i < len(v); i++ {
		if classOf[v[i]]&(colon|assign|at|percent) == 0 {
			continue
		}
		var found Span
		switch v[i] {
		case ':':
			found = userinfo(v, i)
			if found.Kind == None {
				found = assigned(v, i, free)
			}
		case '=':
			found = assigned(v, i, free)
		case '@':
			found = email(v, i, i+1, free)
		case '%':
			if i+2 < len(v) && v[i+1] == '4' && v[i+2] == '0' {
				found = email(v, i, i+3, free)
			}
		}
		if found.Kind == None || found.Start < free {
			continue
		}
		s.spans = append(s.spans, found)
		free = found.End
		i = found.End - 1
	}
}

// What ends the authority of a URL, and a secret that was assigned.
var endsAuthority, endsSecret = bytesOf("/?# \"'<>"), bytesOf(" &;,\"'<>|\n\r\t)]}")

// userinfo is the `user:password` of an authority (RFC 3986, section 3.2.1) that begins at the colon of "://".
func userinfo(v string, i int) Span {
	if !strings.HasPrefix(v[i:], "://") {
		return Span{}
	}
	start := i + 3
	end := start
	for end < len(v) && !endsAuthority[v[end]] {
		end++
	}
	end = start + strings.LastIndexByte(v[start:end], '@')
	if end <= start || !strings.Contains(v[start:end], ":") || redacted(v[start:end]) {
		return Span{}
	}
	return Span{start, end, Credentials}
}

// secretNames are the names whose value is secret in `name=value` and `name: value`, in lower case without separators.
var secretNames = map[string]bool{
	"password": true, "passwd": true, "pwd": true, "pass": true, "passphrase": true, "secret": true, "clientsecret": true,
	"token": true, "accesstoken": true, "refreshtoken": true, "idtoken": true, "authtoken": true, "apikey": true, "xapikey": true,
	"apitoken": true, "accesskey": true, "secretkey": true, "secretaccesskey": true, "awssecretaccesskey": true,
	"privatekey": true, "signature": true, "sig": true, "xamzsignature": true, "xamzsecuritytoken": true, "xgoogsignature": true,
	"sessiontoken": true, "authorization": true, "jwt": true, "accountkey": true, "sharedaccesskey": true, "sastoken": true,
}

// secretName tells whether the name, or the end of it, is one of those.
func secretName(name []byte) bool {
	if secretNames[string(name)] {
		return true
	}
	for _, end := range []string{"token", "secret", "password", "passwd", "apikey", "accesskey", "secretkey", "privatekey"} {
		if len(name) > len(end) && string(name[len(name)-len(end):]) == end {
			return true
		}
	}
	return false
}

// assigned is the secret that follows the '=' or ':' at i when the name before it says so (gitleaks's generic rule, and the query
// parameters of RFC 6749, section 2.3.1, AWS SigV4 and Azure SAS).
func assigned(v string, i, free int) Span {
	var name [24]byte
	n := len(name)
	j := i - 1
	for ; j >= free && n > 0; j-- {
		b := v[j]
		if b == '_' || b == '-' || b == '.' || (b == '"' || b == '\'') && j == i-1 {
			continue
		}
		if classOf[b]&alnum == 0 {
			break
		}
		n--
		name[n] = b | 0x20
	}
	if n == len(name) || !secretName(name[n:]) {
		return Span{}
	}
	start := i + 1
	for start < len(v) && (v[start] == ' ' || v[start] == '"' || v[start] == '\'' || v[start] == '=') {
		start++
	}
	for _, scheme := range []string{"Bearer ", "bearer ", "Basic ", "basic ", "Token "} {
		if strings.HasPrefix(v[start:], scheme) {
			start += len(scheme)
		}
	}
	end := start
	for end < len(v) && !endsSecret[v[end]] {
		end++
	}
	if end-start < 4 || harmless(v[start:end]) || v[start] == '{' || v[start] == '$' || strings.HasPrefix(v[start:], "eyJ") {
		return Span{}
	}
	return Span{start, end, Secret}
}

// email is an address (RFC 5321, section 4.1.2, and RFC 6531 left out: dot-atom and domain with a name as top level) around
// the mark v[i:after], which is '@' or its percent-encoding.
func email(v string, i, after, free int) Span {
	start := i
	for start > free && i-start < 64 && localPart(v, start-1) {
		start--
	}
	for start < i && (v[start] == '.' || v[start] == '-' || v[start] == '\'' || v[start] == '%') {
		start++
	}
	end, label, top := after, after, 0
	for ; end < len(v) && end-after < 255; end++ {
		if v[end] == '.' {
			if end == label {
				break
			}
			label, top = end+1, end+1
			continue
		}
		if !is(v, end, alnum|dash) {
			break
		}
	}
	for end > after && !is(v, end-1, alnum) {
		end--
	}
	if start == i || top == 0 || v[i-1] == '.' || strings.HasSuffix(v[:start], "://") {
		return Span{}
	}
	if label >= end { // a dot ended the sentence: the top level is the label before it
		top = strings.LastIndexByte(v[after:end], '.') + 1 + after
		if top == after {
			return Span{}
		}
	}
	if !topLevel(v[top:end]) || v[start:i] == "git" && byteAt(v, end) == ':' {
		return Span{}
	}
	return Span{start, end, Email}
}

// localPart tells whether the byte may stand in the local part of an address. The characters that separate parts of URLs are
// left out though RFC 5322 allows them.
func localPart(v string, i int) bool {
	b := v[i]
	if classOf[b]&alnum != 0 {
		return true
	}
	switch b {
	case '.', '_', '-', '\'':
		return true
	case '+':
		return true
	case '%': // %2B and the like; %40 is a mark itself
		return i+2 < len(v) && classOf[v[i+1]]&hexadec != 0 && v[i+1:i+3] != "3D" && v[i+1:i+3] != "26"
	}
	return false
}

// topLevel tells whether the text can be a top-level domain: letters, and not the suffix of a systemd unit (getty@tty1.service).
func topLevel(text string) bool {
	if len(text) < 2 || len(text) > 24 {
		return false
	}
	for i := range len(text) {
		if classOf[text[i]]&letters == 0 {
			return false
		}
	}
	switch text {
	case "service", "socket", "timer", "mount", "automount", "target", "slice", "scope", "path", "swap":
		return false
	}
	return true
}

// privateKey tells whether the value begins as the text of a private key does (RFC 7468, sections 10 and 11, and its kin).
func privateKey(v string) bool {
	rest, ok := strings.CutPrefix(v, "-----BEGIN ")
	if !ok {
		return false
	}
	label, _, ok := strings.Cut(rest, "-----")
	return ok && strings.HasSuffix(label, "PRIVATE KEY")
}
