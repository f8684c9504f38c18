package main

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"os"
	"strconv"
)

// entry is what is on record of a station.
type entry struct {
	ratio       float64
	allocations int64
}

// mostAllocations allows for one more in a hundred. What never allocates must never do so.
func (e entry) mostAllocations() int64 { return e.allocations + e.allocations/100 }

// record has entries by the station's name.
type record map[string]entry

var recordHead = []string{"station", "ratio", "allocations"}

func readRecord(file string) (record, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	rows, err := csv.NewReader(bytes.NewReader(data)).ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	on := record{}
	for i, row := range rows {
		if i == 0 {
			continue // the head
		}
		ratio, err := strconv.ParseFloat(row[1], 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, row[0], err)
		}
		allocations, err := strconv.ParseInt(row[2], 10, 64)
		if err != nil {
			return nil, fmt.Errorf("%s: %s: %w", file, row[0], err)
		}
		on[row[0]] = entry{ratio, allocations}
	}
	return on, nil
}

// write keeps the order of the stations, and none that is gone.
func (on record) write(file string) error {
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	rows := [][]string{recordHead}
	for _, s := range stations {
		if e, known := on[s.name]; known {
			rows = append(rows, []string{s.name, strconv.FormatFloat(e.ratio, 'g', 3, 64), strconv.FormatInt(e.allocations, 10)})
		}
	}
	if err := w.WriteAll(rows); err != nil {
		return err
	}
	return os.WriteFile(file, out.Bytes(), 0o644)
}
