package flinkprometheusreceiver

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"weir.example/internal/flinktest"
)

func TestParseSeries(t *testing.T) {
	for name, c := range map[string]struct {
		key    string
		metric string
		labels []label
		why    dropReason
	}{
		"no labels":                      {key: `a_b:c1`, metric: "a_b:c1"},
		"empty block":                    {key: `a{}`, metric: "a"},
		"Flink's trailing comma":         {key: `a{host="h",}`, metric: "a", labels: []label{{"host", "h"}}},
		"no trailing comma":              {key: `a{host="h"}`, metric: "a", labels: []label{{"host", "h"}}},
		"sorted by name":                 {key: `a{c="1",b="2",}`, metric: "a", labels: []label{{"b", "2"}, {"c", "1"}}},
		"blanks anywhere":                {key: "a { b =\t\"1\" , c= \"2\" , }", metric: "a", labels: []label{{"b", "1"}, {"c", "2"}}},
		"escapes":                        {key: `a{b="\\x\"y\nz"}`, metric: "a", labels: []label{{"b", "\\x\"y\nz"}}},
		"braces and commas in a value":   {key: `a{b="}{,=# "}`, metric: "a", labels: []label{{"b", "}{,=# "}}},
		"an empty value is no label":     {key: `a{b="",c="1"}`, metric: "a", labels: []label{{"c", "1"}}},
		"an unknown escape":              {key: `a{b="\t"}`, why: malformed},
		"a value without end":            {key: `a{b="x}`, why: malformed},
		"an escape at the end":           {key: `a{b="x\}`, why: malformed},
		"a value without quotes":         {key: `a{b=x}`, why: malformed},
		"no comma":                       {key: `a{b="1"c="2"}`, why: malformed},
		"only a comma":                   {key: `a{,}`, why: malformed},
		"no name":                        {key: `{b="1"}`, why: malformed},
		"a name that starts with digits": {key: `1a`, why: malformed},
		"a name with a dot":              {key: `a.b`, why: malformed},
		"a quoted name":                  {key: `{"a.b",c="1"}`, why: malformed},
		"the same label twice":           {key: `a{b="1",c="1",b="2"}`, why: duplicateLabel},
		"a name given as a label":        {key: `a{__name__="b"}`, why: reservedLabel},
		"a reserved label":               {key: `a{__x="b"}`, why: reservedLabel},
		"a label name with a dash":       {key: `a{b-c="1"}`, why: invalidLabelName},
		"bytes that are not UTF-8":       {key: "a{b=\"\xff\"}", why: invalidUTF8},
	} {
		t.Run(name, func(t *testing.T) {
			metric, labels, why := parseSeries(c.key, nil)
			assert.Equal(t, c.why, why)
			if why == kept {
				assert.Equal(t, c.metric, metric)
				assert.ElementsMatch(t, c.labels, labels)
			}
		})
	}
}

func TestParseComment(t *testing.T) {
	for given, want := range map[string]comment{
		"# HELP a orders-seen (scope: x)": {"HELP", []byte("a"), []byte("orders-seen (scope: x)")},
		"#\tTYPE  a\t summary ":           {"TYPE", []byte("a"), []byte("summary")},
		"# HELP a":                        {"HELP", []byte("a"), nil},
	} {
		c, ok := parseComment([]byte(given))
		assert.True(t, ok, given)
		assert.Equal(t, want, c, given)
	}
	for _, given := range []string{"#", "# a remark", "# HELPa b", "# HELP a.b c", "# TYPE"} {
		_, ok := parseComment([]byte(given))
		assert.False(t, ok, given)
	}
	assert.Equal(t, "a\\b\nc\\d", unescapeHelp(`a\\b\nc\d`))
	assert.Equal(t, "\uFFFD", unescapeHelp("\xff"))
}

func TestCutLine(t *testing.T) {
	body := []byte("a 1\r\n\n \t b 2\nc 3")
	var lines []string
	for len(body) > 0 {
		var line []byte
		line, body = cutLine(body)
		lines = append(lines, string(line))
	}
	assert.Equal(t, []string{"a 1", "", "b 2", "c 3"}, lines)
}

func TestEveryCaptureParsesLikeTheReferenceParser(t *testing.T) {
	for _, scenario := range flinktest.Scenarios() {
		processes, err := flinktest.Scenario(scenario[0], scenario[1])
		require.NoError(t, err)
		for _, p := range processes {
			t.Run(scenario[0]+"/"+scenario[1]+"/"+p.Name, func(t *testing.T) {
				t.Parallel()
				for i, page := range p.Pages {
					if !page.Refused {
						requireSameAsReference(t, page.Body, fmt.Sprint("step ", i))
					}
				}
			})
		}
	}
	odd := flinktest.Exposition{Subtasks: 3, Tasks: 2, Operators: 2, TaskMetrics: 5, OperatorMetrics: 3, Escapes: true, Shuffle: 5}
	requireSameAsReference(t, odd.Page(3).Body, "generated")
}

// read parses a body as the first scrape of a target.
func read(t require.TestingT, body []byte) (*catalog, *reading) {
	cfg := createDefaultConfig().(*Config)
	c, r := newCatalog(newNaming(cfg), false), &reading{}
	c.begin()
	require.NoError(t, c.read(body, r, cfg.Limits))
	require.NoError(t, c.end(r, 0))
	return c, r
}

// flat names a series independently of who parsed it.
func flat(name string, labels map[string]string) string {
	delete(labels, "")
	for k, v := range labels {
		if v == "" {
			delete(labels, k)
		}
	}
	return fmt.Sprintf("%s%q", name, labels)
}

func (t *table) flat(p point) string {
	labels := map[string]string{}
	for _, l := range t.labelsOf(p) {
		labels[l.name] = l.value
	}
	return flat(t.metricOf(p).name, labels)
}

func (t *table) metricOf(p point) *metric { return t.metrics[t.series[p.series].metric] }

// labelsOf returns what the line had.
func (t *table) labelsOf(p point) (all []label) {
	s := t.series[p.series]
	for _, i := range t.entities[s.entity].labels {
		all = append(all, t.labels[i])
	}
	return append(all, t.extras[s.extras]...)
}

// reference returns the samples that expfmt finds, or an error if it refuses the body. NaN is compared by its bits.
func reference(body []byte) (values map[string]uint64, families map[string]*dto.MetricFamily, err error) {
	parser := expfmt.NewTextParser(model.LegacyValidation)
	defer func() {
		if p := recover(); p != nil { // it panics on some bodies
			err = fmt.Errorf("reference parser: %v", p)
		}
	}()
	if families, err = parser.TextToMetricFamilies(bytes.NewReader(body)); err != nil {
		return nil, nil, err
	}
	values = map[string]uint64{}
	for name, family := range families {
		for _, m := range family.Metric {
			labels := map[string]string{}
			for _, l := range m.Label {
				labels[l.GetName()] = l.GetValue()
			}
			add := func(name, extra, extraValue string, v float64) {
				with := map[string]string{extra: extraValue}
				for k, v := range labels {
					with[k] = v
				}
				if key := flat(name, with); values[key] == 0 {
					values[key] = math.Float64bits(v)
				}
			}
			switch {
			case m.Summary != nil:
				add(name+"_count", "", "", float64(m.Summary.GetSampleCount()))
				for _, q := range m.Summary.Quantile {
					add(name, "quantile", strconv.FormatFloat(q.GetQuantile(), 'g', -1, 64), q.GetValue())
				}
			case m.Gauge != nil:
				add(name, "", "", m.Gauge.GetValue())
			case m.Counter != nil:
				add(name, "", "", m.Counter.GetValue())
			case m.Untyped != nil:
				add(name, "", "", m.Untyped.GetValue())
			}
		}
	}
	return values, families, nil
}

func requireSameAsReference(t *testing.T, body []byte, name string) {
	t.Helper()
	want, families, err := reference(body)
	require.NoError(t, err, name)
	c, r := read(t, body)
	require.Empty(t, r.drops, name)
	require.True(t, r.complete, name)
	got := map[string]uint64{}
	for _, p := range r.points {
		got[c.flat(p)] = math.Float64bits(p.value)
		base := c.metricOf(p).name
		if f := families[base]; f != nil {
			require.Equal(t, f.GetHelp(), c.metricOf(p).description)
		}
	}
	require.Equal(t, len(want), len(r.points), name)
	require.Equal(t, want, got, name)
}

// FuzzRead states: no body makes the reader panic, read a series twice, or read other values than the reference parser
// where that one accepts the body; and a second scrape of a body, which is predicted, reads the same as the first.
func FuzzRead(f *testing.F) {
	for _, seed := range []string{
		"a 1\n", "# HELP a b\n# TYPE a counter\na{b=\"c\",} 1 2\n", "a{b=\"\\\\\\\"\\n\"} NaN\n", "a{b=\"}\"} +Inf\r\n", "a{b=\"1\",b=\"2\"} 1\n",
		"# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 2\n", "a 1\na 2\n", "a{host=\"h\",job=\"j\",exported_job=\"k\"} 1\n", "{} 1\n", "a{", "a} 1\n", "\n\n \t",
		"# TYPE a gauge\na{x=\"1\",y=\"2\"} 1\na{y=\"2\",x=\"1\"} 2\n", "a{__name__=\"x\"} 1\n",
	} {
		f.Add([]byte(seed))
	}
	f.Add(flinktest.Exposition{Subtasks: 1, Tasks: 1, Operators: 1, TaskMetrics: 5, OperatorMetrics: 3, Escapes: true, Shuffle: 3}.Page(2).Body)
	f.Fuzz(func(t *testing.T, body []byte) {
		cfg := createDefaultConfig().(*Config)
		c := newCatalog(newNaming(cfg), false)
		var first, second reading
		c.begin()
		whole := func(r *reading, remembered int) error {
			if err := c.read(body, r, cfg.Limits); err != nil {
				return err
			}
			return c.end(r, remembered)
		}
		err := whole(&first, 0)
		values := map[string]uint64{}
		for _, p := range first.points {
			_, twice := values[c.flat(p)]
			require.False(t, twice, "%s twice", c.flat(p))
			values[c.flat(p)] = math.Float64bits(p.value)
		}
		c.begin()
		err2 := whole(&second, len(first.points))
		require.Equal(t, err, err2)
		require.Equal(t, first.drops, second.drops)
		require.Len(t, second.points, len(first.points))
		for i, p := range second.points {
			require.Equal(t, first.points[i].series, p.series)
			require.Equal(t, math.Float64bits(first.points[i].value), math.Float64bits(p.value))
		}

		want, families, refused := reference(body)
		if refused != nil || err != nil || len(first.drops) > 0 || !comparable(families) {
			return
		}
		for key, v := range want {
			got, ok := values[key]
			require.True(t, ok, "%s is missing", key)
			require.Equal(t, v, got, key)
		}
	})
}

// comparable leaves out what the reference parser rounds, merges or renames: summaries, histograms and our own labels.
func comparable(families map[string]*dto.MetricFamily) bool {
	for _, family := range families {
		if family.GetType() == dto.MetricType_SUMMARY || family.GetType() == dto.MetricType_HISTOGRAM {
			return false
		}
		for _, m := range family.Metric {
			for _, l := range m.Label {
				if l.GetName() == "job" || l.GetName() == "instance" {
					return false
				}
			}
		}
	}
	return true
}
