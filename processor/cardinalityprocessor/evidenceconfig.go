package cardinalityprocessor

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// LearnConfig says what is measured of label values, and where it is shown.
type LearnConfig struct {
	// Mode is off, or observe: the values of every label of every metric are measured as they arrive, and nothing is
	// decided from it. Default: off.
	Mode LearnMode `mapstructure:"mode"`
	// MaxLabels is how many labels of metrics are measured, those that come first. Default: 1000.
	MaxLabels int `mapstructure:"max_labels"`
	// MaxRememberedValues is how many values of all labels together are told from new ones. Default: 1000000.
	MaxRememberedValues int `mapstructure:"max_remembered_values"`
	// ReportInterval is how often the report and the gauges of the largest labels are made. Default: 1m.
	ReportInterval time.Duration `mapstructure:"report_interval"`
	// ReportFile is where the report is written as JSON, each over the one before. Default: none.
	ReportFile string `mapstructure:"report_file"`

	// prevent unkeyed literal initialization
	_ struct{}
}

// LearnMode says what becomes of evidence about label values.
type LearnMode string

const (
	// LearnOff measures nothing.
	LearnOff LearnMode = "off"
	// LearnObserve measures and shows.
	LearnObserve LearnMode = "observe"
	// learnEnforce will decide from what was measured.
	learnEnforce LearnMode = "enforce"
)

const (
	maxLearnedLabels   = 100_000
	maxLearnedValues   = 1 << 28
	minReportInterval  = time.Second
	maxReportInterval  = 24 * time.Hour
	minRememberedCount = 1000
)

func defaultLearn() LearnConfig {
	return LearnConfig{Mode: LearnOff, MaxLabels: 1000, MaxRememberedValues: 1_000_000, ReportInterval: time.Minute}
}

func (c *LearnConfig) validate() error {
	var faults []error
	switch c.Mode {
	case LearnOff, LearnObserve:
	case learnEnforce:
		faults = append(faults, errors.New("learn.mode: enforce is not available yet (allowed: off, observe)"))
	default:
		faults = append(faults, fmt.Errorf("learn.mode: must be off or observe (got %q)", c.Mode))
	}
	if c.MaxLabels < 1 || c.MaxLabels > maxLearnedLabels {
		faults = append(faults, fmt.Errorf("learn.max_labels: must be from 1 to %d (got %d)", maxLearnedLabels, c.MaxLabels))
	}
	if c.MaxRememberedValues < minRememberedCount || c.MaxRememberedValues > maxLearnedValues {
		faults = append(faults, fmt.Errorf("learn.max_remembered_values: must be from %d to %d (got %d)",
			minRememberedCount, maxLearnedValues, c.MaxRememberedValues))
	}
	if c.ReportInterval < minReportInterval || c.ReportInterval > maxReportInterval {
		faults = append(faults, fmt.Errorf("learn.report_interval: must be from %v to %v (got %v)",
			minReportInterval, maxReportInterval, c.ReportInterval))
	}
	return errors.Join(append(faults, c.validateFile())...)
}

func (c *LearnConfig) validateFile() error {
	if c.ReportFile == "" {
		return nil
	}
	if c.Mode == LearnOff {
		return errors.New("learn.report_file: there is no report while learn.mode is off (allowed: observe)")
	}
	folder := filepath.Dir(c.ReportFile)
	if info, err := os.Stat(folder); err != nil || !info.IsDir() {
		return fmt.Errorf("learn.report_file: %q is not a directory that is there (got %q)", folder, c.ReportFile)
	}
	return nil
}
