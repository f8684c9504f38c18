package main

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
)

// maxInput bounds one input after decompression, in bytes: all of it is held in memory.
const maxInput = 1 << 30

// readers turn the text of an input into metrics.
var readers = map[string]func(o *options, text io.Reader, b *builder) error{
	"prometheus": readPage,
	"tsv":        readTSV,
	"csv":        readCSV,
}

// readInputs reads all inputs into one call, as if all targets were scraped at the same moment.
func readInputs(o *options, stdin io.Reader) (pmetric.Metrics, error) {
	b := newBuilder(o.resource)
	for _, name := range o.inputs {
		if err := readInput(o, name, stdin, b); err != nil {
			if name == "-" {
				name = "standard input"
			}
			return pmetric.Metrics{}, fmt.Errorf("%s: %w", name, err)
		}
	}
	return b.md, nil
}

func readInput(o *options, name string, stdin io.Reader, b *builder) error {
	raw := stdin
	if name != "-" {
		file, err := os.Open(name)
		if err != nil {
			return err
		}
		defer file.Close()
		raw = file
	}
	text, err := decompress(raw)
	if err != nil {
		return err
	}
	kind := o.input
	if kind == "auto" {
		kind = guess(name, text)
	}
	limited := &io.LimitedReader{R: text, N: maxInput}
	if err := readers[kind](o, limited, b); err != nil {
		return err
	}
	if limited.N == 0 {
		return fmt.Errorf("is larger than the %d bytes allowed", maxInput)
	}
	return nil
}

// decompress looks at the first bytes, not at the name: a pipe has none.
func decompress(raw io.Reader) (*bufio.Reader, error) {
	text := bufio.NewReaderSize(raw, 1<<16)
	if magic, _ := text.Peek(2); !bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		return text, nil
	}
	unzipped, err := gzip.NewReader(text)
	if err != nil {
		return nil, err
	}
	return bufio.NewReaderSize(unzipped, 1<<16), nil
}

// guess tells what an input holds by its name, or by its first line: what has a tab and no braces before it is no sample.
func guess(name string, text *bufio.Reader) string {
	name = strings.TrimSuffix(name, ".gz")
	switch {
	case strings.HasSuffix(name, ".csv"):
		return "csv"
	case strings.HasSuffix(name, ".tsv"):
		return "tsv"
	}
	start, _ := text.Peek(text.Size())
	for line := range strings.Lines(string(start)) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		if key, _, tab := strings.Cut(line, "\t"); tab && !strings.ContainsAny(key, "{ ") {
			return "tsv"
		}
		if line == csvHead {
			return "csv"
		}
		break
	}
	return "prometheus"
}

// builder collects points into one resource for each set of resource attributes.
type builder struct {
	md        pmetric.Metrics
	common    attributes
	now       pcommon.Timestamp
	resources map[string]*resource
}

// resource is one resource of the call, and its metrics by name and type.
type resource struct {
	metrics pmetric.MetricSlice
	byName  map[string]pmetric.Metric
}

func newBuilder(common attributes) *builder {
	return &builder{
		md: pmetric.NewMetrics(), common: common, now: pcommon.NewTimestampFromTime(time.Now()),
		resources: map[string]*resource{},
	}
}

// resource returns the resource with the attributes of labels and those that all have; labels go in pairs.
func (b *builder) resource(labels []string) *resource {
	key := strings.Join(labels, "\xff")
	r := b.resources[key]
	if r == nil {
		rm := b.md.ResourceMetrics().AppendEmpty()
		for i := 0; i < len(labels); i += 2 {
			rm.Resource().Attributes().PutStr(labels[i], labels[i+1])
		}
		for k, v := range b.common {
			rm.Resource().Attributes().PutStr(k, v)
		}
		r = &resource{metrics: rm.ScopeMetrics().AppendEmpty().Metrics(), byName: map[string]pmetric.Metric{}}
		b.resources[key] = r
	}
	return r
}

// metric returns the metric of this name; one that is new is given to prepare.
func (r *resource) metric(name string, prepare func(pmetric.Metric)) pmetric.Metric {
	m, known := r.byName[name]
	if !known {
		m = r.metrics.AppendEmpty()
		m.SetName(name)
		prepare(m)
		r.byName[name] = m
	}
	return m
}
