package detect

// Kind is what a part of a value was recognised as.
type Kind uint8

// The kinds, by class.
const (
	None Kind = iota

	UUID
	ULID
	KSUID
	XID
	ObjectID
	NanoID
	CUID
	Snowflake
	Hex
	Digest
	GitSHA
	Base64
	Number
	PID
	Random
	TempName
	Pod
	Job
	ContainerID

	EpochSeconds
	EpochMillis
	EpochMicros
	EpochNanos
	Timestamp
	HTTPDate
	LogDate
	Date

	IPv4
	IPv6
	MAC
	HostIP

	Email
	Phone
	Card
	IBAN
	SSN
	NationalID
	PersonName
	PostalAddress

	JWT
	APIToken
	Credentials
	Secret

	kinds // their number
)

// Class groups kinds.
type Class uint8

// Identifiers name one thing among unboundedly many, times grow by themselves, network addresses point at machines or people,
// personal data and secrets must not leave.
const (
	NoClass Class = iota
	Identifier
	Time
	Network
	Personal
	Secrecy
)

type description struct {
	name, placeholder string
	class             Class
	sensitive         bool
}

var descriptions = [kinds]description{
	None:          {"none", "", NoClass, false},
	UUID:          {"uuid", "{uuid}", Identifier, false},
	ULID:          {"ulid", "{ulid}", Identifier, false},
	KSUID:         {"ksuid", "{ksuid}", Identifier, false},
	XID:           {"xid", "{xid}", Identifier, false},
	ObjectID:      {"object_id", "{oid}", Identifier, false},
	NanoID:        {"nanoid", "{nanoid}", Identifier, false},
	CUID:          {"cuid", "{cuid}", Identifier, false},
	Snowflake:     {"snowflake", "{id}", Identifier, false},
	Hex:           {"hex", "{hex}", Identifier, false},
	Digest:        {"digest", "{digest}", Identifier, false},
	GitSHA:        {"git_sha", "{sha}", Identifier, false},
	Base64:        {"base64", "{base64}", Identifier, false},
	Number:        {"number", "{id}", Identifier, false},
	PID:           {"pid", "{pid}", Identifier, false},
	Random:        {"random", "{random}", Identifier, false},
	TempName:      {"temp_name", "{tmp}", Identifier, false},
	Pod:           {"pod", "{pod}", Identifier, false},
	Job:           {"job_run", "{run}", Identifier, false},
	ContainerID:   {"container_id", "{container}", Identifier, false},
	EpochSeconds:  {"epoch_s", "{ts}", Time, false},
	EpochMillis:   {"epoch_ms", "{ts}", Time, false},
	EpochMicros:   {"epoch_us", "{ts}", Time, false},
	EpochNanos:    {"epoch_ns", "{ts}", Time, false},
	Timestamp:     {"timestamp", "{ts}", Time, false},
	HTTPDate:      {"http_date", "{ts}", Time, false},
	LogDate:       {"log_date", "{ts}", Time, false},
	Date:          {"date", "{date}", Time, false},
	IPv4:          {"ipv4", "{ip}", Network, true},
	IPv6:          {"ipv6", "{ip}", Network, true},
	MAC:           {"mac", "{mac}", Network, true},
	HostIP:        {"host_ip", "{ip}", Network, false},
	Email:         {"email", "{email}", Personal, true},
	Phone:         {"phone", "{phone}", Personal, true},
	Card:          {"credit_card", "{card}", Personal, true},
	IBAN:          {"iban", "{iban}", Personal, true},
	SSN:           {"ssn", "{ssn}", Personal, true},
	NationalID:    {"national_id", "{national_id}", Personal, true},
	PersonName:    {"person_name", "{name}", Personal, true},
	PostalAddress: {"postal_address", "{address}", Personal, true},
	JWT:           {"jwt", "{jwt}", Secrecy, true},
	APIToken:      {"api_token", "{api_token}", Secrecy, true},
	Credentials:   {"credentials", "{credentials}", Secrecy, true},
	Secret:        {"secret", "{secret}", Secrecy, true},
}

var classes = map[string]Class{
	"identifier": Identifier, "time": Time, "network": Network, "personal": Personal, "secrets": Secrecy,
}

// String is the name users write in `values: [...]`.
func (k Kind) String() string { return descriptions[k].name }

// Placeholder is what stands in a value in place of a span, such as {uuid}.
func (k Kind) Placeholder() string { return descriptions[k].placeholder }

// Class is the class of the kind.
func (k Kind) Class() Class { return descriptions[k].class }

// Sensitive tells whether spans of the kind are personal data or secrets.
func (k Kind) Sensitive() bool { return descriptions[k].sensitive }

// Set is a set of kinds.
type Set uint64

// Sensitive holds the personal data and secrets.
var Sensitive = func() (set Set) {
	for k := None + 1; k < kinds; k++ {
		if k.Sensitive() {
			set |= 1 << k
		}
	}
	return set
}()

// Parse returns the kinds a user means by the name of a kind (`email`), of a class (`personal`), or by `sensitive`; false when
// there is none.
func Parse(name string) (Set, bool) {
	if name == "sensitive" {
		return Sensitive, true
	}
	class, grouped := classes[name]
	var set Set
	for k := None + 1; k < kinds; k++ {
		if k.String() == name || grouped && k.Class() == class {
			set |= 1 << k
		}
	}
	return set, set != 0
}

// Has tells whether k is in the set.
func (s Set) Has(k Kind) bool { return s>>k&1 != 0 }

// Names lists the names of all kinds, in the order of the documentation.
func Names() []string {
	names := make([]string, 0, kinds-1)
	for k := None + 1; k < kinds; k++ {
		names = append(names, k.String())
	}
	return names
}
