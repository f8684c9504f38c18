package main

import (
	"bufio"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"go.opentelemetry.io/collector/pdata/pmetric"
)

// csvHead may stand in the first line of CSV; columns after it are not read.
const csvHead = "key,value"

// longestLine bounds a line of key<TAB>value, in bytes.
const longestLine = 1 << 20

// readTSV makes a series of each line key<TAB>value. Empty lines are skipped.
func readTSV(o *options, text io.Reader, b *builder) error {
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, longestLine)
	for number := 1; lines.Scan(); number++ {
		line := strings.TrimSuffix(lines.Text(), "\r")
		if line == "" {
			continue
		}
		key, value, ok := strings.Cut(line, "\t")
		if !ok || key == "" {
			return fmt.Errorf("line %d: must be key<TAB>value", number)
		}
		b.value(o.metric, key, value)
	}
	return lines.Err()
}

// readCSV makes a series of the first two columns of each row.
func readCSV(o *options, text io.Reader, b *builder) error {
	rows := csv.NewReader(text)
	rows.FieldsPerRecord, rows.ReuseRecord = -1, true
	for number := 1; ; number++ {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case len(row) < 2 || row[0] == "":
			line, _ := rows.FieldPos(0)
			return fmt.Errorf("line %d: must be key,value", line)
		case number == 1 && row[0]+","+row[1] == csvHead:
			continue
		}
		b.value(o.metric, strings.Clone(row[0]), strings.Clone(row[1]))
	}
}

// value adds a series with one label.
func (b *builder) value(metric, key, value string) {
	m := b.resource(nil).metric(metric, func(m pmetric.Metric) { m.SetEmptyGauge() })
	p := m.Gauge().DataPoints().AppendEmpty()
	p.Attributes().PutStr(key, value)
	p.SetTimestamp(b.now)
	p.SetIntValue(1)
}
