package orderedremotewriteexporter

import (
	"regexp"
	"strings"

	"github.com/prometheus/otlptranslator"
	"go.opentelemetry.io/collector/pdata/pcommon"

	"weir.example/internal/series"
)

// translator turns names and attributes into label sets and remembers each
// translation, so that known data costs a look-up. exporter.mu guards it.
type translator struct {
	*names
	tenants   *tenants
	namer     otlptranslator.LabelNamer
	promoted  *regexp.Regexp
	external  map[string]string
	withInfo  bool
	shards    int // 0 where each series has a slot of its own choice
	none      *series.Set
	entities  *series.Memo[*entity]
	extraSets *series.Memo[*series.Set]
	clashes   map[composition]composition
	targets   map[targetKey]*target
	infoName  *series.Set
}

// composition is the part of a series' identity that is not its name.
type composition struct{ entity, extras *series.Set }

func newTranslator(cfg *Config) *translator {
	interner := series.NewInterner()
	t := &translator{
		tenants:   newTenants(cfg.Tenant),
		names:     newNames(cfg.TranslationStrategy, interner),
		namer:     labelNamer(cfg.TranslationStrategy),
		promoted:  compileGlobs(cfg.ResourceLabels),
		external:  cfg.ExternalLabels,
		withInfo:  cfg.TargetInfo,
		none:      interner.Intern(nil),
		entities:  series.NewMemo[*entity](),
		extraSets: series.NewMemo[*series.Set](),
		clashes:   map[composition]composition{},
		targets:   map[targetKey]*target{},
		infoName:  interner.Intern([]series.Label{{Name: series.NameLabel, Value: "target_info"}}),
	}
	if cfg.SlotBy == slotByInstance {
		t.shards = cfg.Shards
	}
	return t
}

// labelNamer names labels as contrib's translators do by default: names that
// start with one underscore get "key" in front. Series must not change their
// names when users move to Weir.
func labelNamer(strategy string) otlptranslator.LabelNamer {
	escape := otlptranslator.TranslationStrategyOption(strategy).ShouldEscape()
	//lint:ignore SA1019 the field goes when contrib stops using it
	return otlptranslator.LabelNamer{UTF8Allowed: !escape, UnderscoreLabelSanitization: true}
}

// extras returns what a point adds to its series: its attributes and, for
// buckets and quantiles, one more label. It is nil if an attribute has no valid
// label name.
func (t *translator) extras(attrs pcommon.Map, name string, value []byte) *series.Set {
	if name == "" && attrs.Len() == 0 {
		return t.none
	}
	set := t.extraSets.Get(attrs, name, value, func() *series.Set {
		l := labels{}
		if !l.translate(t.namer, attrs, everyKey) {
			return nil
		}
		l.reserve(series.NameLabel, "")
		if name != "" {
			l.reserve(name, string(value))
		}
		return t.interner.Intern(l.list())
	})
	if set != nil {
		t.interner.Touch(set)
	}
	return set
}

// compose resolves clashes between the labels of an entity and of a point: the
// entity's stay, the point's are exported; only external labels give way.
func (t *translator) compose(e *entity, extras *series.Set) composition {
	c := composition{e.labels, extras}
	if !e.labels.Overlaps(extras) {
		return c
	}
	resolved, ok := t.clashes[c]
	if !ok {
		resolved = t.resolve(e, extras)
		t.clashes[c] = resolved
	}
	return resolved
}

func (t *translator) resolve(e *entity, extras *series.Set) composition {
	own, point := labelsOf(e.labels), labelsOf(extras)
	for _, name := range e.external {
		if _, ok := point[name]; ok {
			delete(own, name)
		}
	}
	for name, value := range extras.All() {
		if _, taken := own[name]; taken {
			delete(point, name)
			point[point.exported(name, own)] = value
		}
	}
	return composition{t.interner.InternFor(e.labels.Tenant(), own.list()), t.interner.Intern(point.list())}
}

// keepTexts tells whether the texts of the data that follow may be kept.
func (t *translator) keepTexts(may bool) {
	t.names.keep = may
	t.entities.KeepTexts(may)
	t.extraSets.KeepTexts(may)
}

// sweep forgets what was not used for more than idle generations.
func (t *translator) sweep(now, idle series.Generation) {
	t.names.sweep(now, idle)
	t.tenants.sweep(now, idle)
	t.interner.Sweep(now, idle)
	t.interner.Touch(t.none)
	t.interner.Touch(t.infoName)
	t.entities.Sweep(now, idle)
	t.extraSets.Sweep(now, idle)
	clear(t.clashes)
	for key, target := range t.targets {
		if now-target.seen > idle {
			delete(t.targets, key)
		}
	}
}

// compileGlobs returns one expression that matches what any glob matches: *
// stands for any text, ? for one character. No globs match nothing.
func compileGlobs(globs []string) *regexp.Regexp {
	if len(globs) == 0 {
		return regexp.MustCompile(`[^\s\S]`)
	}
	parts := make([]string, len(globs))
	for i, g := range globs {
		parts[i] = strings.NewReplacer(`\*`, `.*`, `\?`, `.`).Replace(regexp.QuoteMeta(g))
	}
	return regexp.MustCompile(`^(?s:` + strings.Join(parts, "|") + `)$`)
}
