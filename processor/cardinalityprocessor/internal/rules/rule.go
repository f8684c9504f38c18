package rules

// Rule is one entry of `rules`.
type Rule struct {
	// Name tells rules apart in messages. Default: none.
	Name string `mapstructure:"name" yaml:"name"`
	// Metrics are globs or /regexps/ of metric names, as they are after `rename`. Default: all metrics.
	Metrics []string `mapstructure:"metrics" yaml:"metrics"`
	// Labels are globs or /regexps/ of attribute keys of resources, points and exemplars alike. Only drop_series can do
	// without.
	Labels []string `mapstructure:"labels" yaml:"labels"`
	// Values are kinds of values (`email`), classes of kinds (`identifier`) and /regexps/. The rule acts on labels whose
	// whole value is one of them; redact and template on labels that have one in their value, and redact replaces
	// just those. Default: any value; for redact all sensitive kinds.
	Values []string `mapstructure:"values" yaml:"values"`
	// Match limits the rule to series whose labels have these values.
	Match Match `mapstructure:"match" yaml:"match"`
	// Action is what becomes of the labels.
	Action Action `mapstructure:"action" yaml:"action"`
	// Buckets is for bucket: how many values may remain, named 0, 1, ... by a hash of the value.
	Buckets int `mapstructure:"buckets" yaml:"buckets"`
	// Bounds is for bucket: numbers become the least bound that is not below them, or +Inf.
	Bounds []float64 `mapstructure:"bounds" yaml:"bounds"`
	// Length is for truncate: how many characters remain.
	Length int `mapstructure:"length" yaml:"length"`
	// Mapping is for map: from globs or /regexps/ of values to values.
	Mapping map[string]string `mapstructure:"mapping" yaml:"mapping"`
	// Otherwise is for map: what values become that no pattern matches. Default: they stay.
	Otherwise string `mapstructure:"otherwise" yaml:"otherwise"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Match holds patterns of values by attribute key. All must match; an absent attribute matches none.
type Match struct {
	// Resource is about attributes of the resource.
	Resource map[string]string `mapstructure:"resource" yaml:"resource"`
	// Labels is about attributes of the point.
	Labels map[string]string `mapstructure:"labels" yaml:"labels"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// Action is what a rule does with a label it matches. All but redact and template end: no other rule is asked.
type Action string

const (
	// Redact replaces what is sensitive in the value, before all other rules and also in labels that are kept.
	Redact Action = "redact"
	// Template replaces the identifiers in the value by placeholders. Rules below see the template.
	Template Action = "template"
	// Keep protects the label from the rules below.
	Keep Action = "keep"
	// Drop removes the label and merges the series that become equal.
	Drop Action = "drop"
	// DropSeries drops the points that have the label.
	DropSeries Action = "drop_series"
	// Supersede removes the label and lets one of the series that become equal through, the newest.
	Supersede Action = "supersede"
	// Hash replaces the value by 16 hexadecimal digits of its HMAC-SHA256.
	Hash Action = "hash"
	// Bucket replaces the value by one of a fixed number of values.
	Bucket Action = "bucket"
	// Truncate keeps the first characters of the value.
	Truncate Action = "truncate"
	// Map replaces the value as a table says.
	Map Action = "map"
)
