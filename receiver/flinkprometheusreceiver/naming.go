package flinkprometheusreceiver

import (
	"path"
	"slices"
	"strings"

	"weir.example/internal/flinkname"
)

// metric is what all series of one sample name share.
type metric struct {
	name        string
	unit        string
	description string
	sum         bool // monotonic and cumulative; else a gauge
	wanted      bool // not filtered out
	stored      bool // the layout of memory has it as a gauge

	id id // in the table; none: no series has it

	// Scratch of build: where this metric is among those of an entity.
	scan     uint32
	entity   id
	position int
}

// family is what the HELP and TYPE lines of one name say.
type family struct {
	help     string // as in the line, escaped
	typ      string
	helpScan uint32 // the scrape that had it last; a repetition within one is ignored
	typeScan uint32
}

// naming gives each sample name its metric, from Flink's table, HELP, TYPE and configuration.
type naming struct {
	include, exclude, counters []string // globs of raw names
	families                   map[string]*family
	byName                     map[string]*metric
}

func newNaming(cfg *Config) naming {
	return naming{
		include:  cfg.Metrics.Include,
		exclude:  cfg.Metrics.Exclude,
		counters: cfg.Counters,
		families: map[string]*family{},
		byName:   map[string]*metric{},
	}
}

// note takes in a HELP or TYPE line of scrape scan. It returns where it is noted which scrape had that line last, or nil if
// the scrape has had another one before, which counts.
func (n *naming) note(c comment, scan uint32) (seen *uint32) {
	f := n.families[string(c.name)]
	if f == nil {
		f = &family{}
		n.families[string(c.name)] = f
	}
	text, seen := &f.help, &f.helpScan
	if c.keyword == "TYPE" {
		text, seen = &f.typ, &f.typeScan
	}
	if *seen == scan {
		return nil
	}
	*seen = scan
	if *text != string(c.text) {
		*text = string(c.text)
		n.describeFamily(string(c.name))
	}
	return seen
}

// describeFamily renews the metrics whose family has changed.
func (n *naming) describeFamily(name string) {
	for _, suffix := range []string{"", "_count", "_sum", "_bucket"} {
		if m := n.byName[name+suffix]; m != nil {
			n.describe(m)
		}
	}
}

// forgetFamilies drops families that scrape scan did not have. Their metrics keep what they were told.
func (n *naming) forgetFamilies(scan uint32) {
	for name, f := range n.families {
		if f.helpScan != scan && f.typeScan != scan {
			delete(n.families, name)
		}
	}
}

// metric returns the metric of a sample name.
func (n *naming) metric(name string) *metric {
	m := n.byName[name]
	if m == nil {
		m = &metric{name: strings.Clone(name), id: none}
		n.byName[m.name] = m
		n.describe(m)
	}
	return m
}

// describe decides everything about a metric but its name. Flink types all but summaries as gauge, so what is
// cumulative comes from the table and from configuration.
func (n *naming) describe(m *metric) {
	base, suffix := n.familyOf(m.name)
	var typ string
	m.description = ""
	if f := n.families[base]; f != nil {
		typ, m.description = f.typ, unescapeHelp(f.help)
	}
	row, _ := flinkname.Flink().Lookup(m.name)
	m.unit = row.Unit
	m.sum = row.Kind == flinkname.Sum || typ == "counter" ||
		suffix == "_count" || suffix == "_bucket" || matches(n.counters, m.name)
	m.wanted = (len(n.include) == 0 || matches(n.include, m.name) || matches(n.include, base)) &&
		!matches(n.exclude, m.name) && !matches(n.exclude, base)
}

// familyOf splits a sample name into its family's name and the suffix of a summary's or histogram's own samples. A
// family that bears the whole name has precedence.
func (n *naming) familyOf(name string) (base, suffix string) {
	if n.families[name] != nil {
		return name, ""
	}
	for _, suffix := range []string{"_count", "_sum", "_bucket"} {
		base, ok := strings.CutSuffix(name, suffix)
		f := n.families[base]
		if ok && f != nil && (f.typ == "summary" || f.typ == "histogram") {
			return base, suffix
		}
	}
	return name, ""
}

// matches tells whether one of the globs, whose syntax Validate has checked, matches name.
func matches(globs []string, name string) bool {
	return slices.ContainsFunc(globs, func(glob string) bool {
		ok, _ := path.Match(glob, name)
		return ok
	})
}

// isGlob tells whether a pattern is more than a name.
func isGlob(pattern string) bool { return strings.ContainsAny(pattern, `*?[\`) }
