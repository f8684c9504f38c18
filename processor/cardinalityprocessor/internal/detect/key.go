package detect

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
	"unicode"
)

// hint is what the words of a label key say about its values.
type hint uint32

const (
	bounded  hint = 1 << iota // a bound, a measure or a small set: le, port, status, version
	process                   // pid
	moment                    // timestamp, created_at
	ident                     // user_id, order
	own                       // addresses of one's own machines: instance, node
	phone                     // phone, mobile
	card                      // card_number
	social                    // ssn
	national                  // aadhaar, nif, tax_id
	bank                      // iban
	person                    // customer_name
	postal                    // street_address
	password                  // password, secret: whatever stands there
	token                     // token, api_key: what looks like one
	pod                       // pod, and hosts, which in Kubernetes are named after pods
	holder                    // container
	commit                    // git_sha
	set                       // replicaset
	hardware                  // wwn, serial: bounded by what one owns
)

// words maps a word of a key to what it says.
var words = map[string]hint{
	"pid": process, "ppid": process, "tid": process, "tgid": process,

	"ts": moment, "time": moment, "timestamp": moment, "date": moment, "datetime": moment, "created": moment,
	"updated": moment, "expires": moment, "expiry": moment, "started": moment, "ended": moment, "finished": moment, "epoch": moment,

	"id": ident, "ids": ident, "uid": ident, "uuid": ident, "guid": ident, "user": ident, "userid": ident, "order": ident,
	"orderid": ident, "ticket": ident, "customer": ident, "account": ident, "session": ident, "sid": ident, "request": ident,
	"requestid": ident, "trace": ident, "traceid": ident, "span": ident, "spanid": ident, "transaction": ident, "txn": ident,
	"invoice": ident, "payment": ident, "message": ident, "event": ident, "correlation": ident, "member": ident,

	"instance": own, "node": own, "host": own, "hostname": own, "server": own, "target": own, "endpoint": own, "broker": own,
	"upstream": own, "gateway": own, "listen": own, "bind": own, "exported": own, "nodename": own,

	"phone": phone, "tel": phone, "telephone": phone, "mobile": phone, "msisdn": phone, "fax": phone, "cell": phone,
	"phonenumber": phone, "cellphone": phone, "whatsapp": phone,

	"card": card, "pan": card, "creditcard": card,

	"ssn": social, "itin": social,

	"aadhaar": national, "aadhar": national, "nif": national, "nie": national, "dni": national, "tfn": national, "cpf": national,
	"cnpj": national, "pesel": national, "bsn": national, "nino": national, "nhs": national, "personnummer": national,
	"nric": national, "passport": national, "taxid": national, "nationalid": national, "curp": national,
	"rut": national, "nir": national, "hetu": national, "abn": national, "medicare": national,

	"iban": bank,

	"firstname": person, "lastname": person, "surname": person, "fullname": person, "givenname": person, "familyname": person,
	"patient": person,

	"street": postal, "postal": postal, "mailing": postal, "zip": postal, "zipcode": postal, "postcode": postal,

	"password": password, "passwd": password, "pwd": password, "passphrase": password,
	"secret": token, "token": token, "apikey": token, "credential": token, "credentials": token, "authorization": token,
	"cookie": token, "bearer": token, "header": token,

	"pod": pod, "podname": pod,
	"replicaset": set,
	"container":  holder, "cid": holder, "docker": holder,
	"commit": commit, "sha": commit, "revision": commit, "rev": commit,

	"wwn": hardware, "serial": hardware, "vendor": hardware, "board": hardware, "firmware": hardware, "chip": hardware,
	"model": hardware, "sensor": hardware, "interface": hardware, "disk": hardware, "mountpoint": hardware, "volume": hardware,

	"le": bounded, "ge": bounded, "quantile": bounded, "port": bounded, "status": bounded, "code": bounded, "version": bounded,
	"schema": bounded, "shard": bounded, "partition": bounded, "replica": bounded, "core": bounded, "cpu": bounded,
	"numa": bounded, "size": bounded, "bytes": bounded, "bucket": bounded, "limit": bounded, "max": bounded, "min": bounded,
	"count": bounded, "total": bounded, "capacity": bounded, "threshold": bounded, "timeout": bounded, "interval": bounded,
	"window": bounded, "ttl": bounded, "duration": bounded, "year": bounded, "quarter": bounded, "month": bounded,
	"week": bounded, "day": bounded, "lang": bounded, "language": bounded, "locale": bounded, "timezone": bounded,
	"currency": bounded, "country": bounded, "sqlstate": bounded, "errno": bounded, "priority": bounded, "level": bounded,
	"severity": bounded, "weight": bounded, "build": bounded, "release": bounded, "cidr": bounded, "subnet": bounded,
	"netmask": bounded, "asn": bounded, "vlan": bounded, "rank": bounded, "index": bounded, "offset": bounded, "stepping": bounded,
	"color": bounded, "colour": bounded, "codename": bounded, "agent": bounded, "browser": bounded, "arch": bounded,
	"major": bounded, "minor": bounded, "speed": bounded, "mode": bounded, "cipher": bounded, "method": bounded, "image": bounded,
	"tag": bounded,
}

// phrases are pairs of words that say more than each alone.
var phrases = map[string]hint{
	"api key": token, "access key": token, "secret key": token, "private key": token, "auth token": token,
	"first name": person, "last name": person, "full name": person, "given name": person, "family name": person,
	"middle name": person, "customer name": person, "person name": person, "contact name": person, "employee name": person,
	"patient name": person, "holder name": person, "recipient name": person, "sender name": person, "real name": person,
	"cardholder name": person, "card holder": person,
	"tax id": national, "national id": national, "national number": national, "id number": national, "social security": social,
	"national insurance": national, "tax file": national, "account holder": person,
	"street address": postal, "home address": postal, "postal address": postal, "billing address": postal,
	"shipping address": postal, "customer address": postal, "mailing address": postal, "delivery address": postal,
	"thread id": process, "process id": process, "git sha": commit, "process pid": process,
	"card type": bounded, "card brand": bounded, "card network": bounded, "token type": bounded, "phone type": bounded,
	"tm id":      own, // Flink names TaskManagers after their host, port and a random end
	"user agent": bounded, "error code": bounded, "time zone": bounded, "date format": bounded, "secret name": bounded,
	"secret type": bounded, "iban country": bounded,
}

// about is what a key says, kept in the Detector's cache.
type about struct {
	key     string
	hints   hint
	vendors []*pattern // tokens that only their vendor's name in the key gives away
}

// has tells whether the key says one of these.
func (a *about) has(h hint) bool { return a.hints&h != 0 }

// readKey finds the hints in the words of a key, which may be joined by any punctuation or by camel case.
func readKey(key string) hint {
	parts := splitKey(key)
	var hints hint
	for i, part := range parts {
		said := words[part]
		if i > 0 {
			said |= phrases[parts[i-1]+" "+part]
		}
		hints |= said
	}
	if len(parts) > 0 && parts[len(parts)-1] == "at" {
		hints |= moment
	}
	// The address of a client is a person's, wherever the machine's own name stands beside it.
	for _, part := range parts {
		switch part {
		case "client", "remote", "source", "src", "peer", "forwarded", "user", "visitor":
			hints &^= own
		case "type", "kind", "class", "count", "total":
			hints = hints&^(person|password|token|phone|card|social|national|bank|postal|process) | bounded
		}
	}
	return hints
}

// splitKey returns the words of a key in lower case.
func splitKey(key string) []string {
	var spaced strings.Builder
	before := rune(0)
	for _, r := range key {
		switch {
		case !unicode.IsLetter(r) && !unicode.IsDigit(r):
			spaced.WriteByte(' ')
		case unicode.IsUpper(r) && unicode.IsLower(before):
			spaced.WriteByte(' ')
			fallthrough
		default:
			spaced.WriteRune(unicode.ToLower(r))
		}
		before = r
	}
	return strings.Fields(spaced.String())
}

// Key is what a label key says, read once for many values.
type Key struct{ *about }

// Bounded tells whether the key says that its values are a bounded set of their own: `le`, `version`, `device`. What such a label
// holds is neither made a template nor mined.
func (k Key) Bounded() bool { return k.has(bounded | hardware) }

// keyCache remembers what keys say. Keys are few; a slot taken by another key costs reading the key again.
type keyCache struct {
	seed  maphash.Seed
	slots [4096]atomic.Pointer[about]
}

// Key returns what the key says.
func (d *Detector) Key(key string) Key {
	slot := &d.keys.slots[maphash.String(d.keys.seed, key)%uint64(len(d.keys.slots))]
	if a := slot.Load(); a != nil && a.key == key {
		return Key{a}
	}
	a := &about{key: strings.Clone(key), hints: readKey(key), vendors: d.tokens.vendorsOf(key)}
	slot.Store(a)
	return Key{a}
}
