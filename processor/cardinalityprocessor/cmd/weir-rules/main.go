package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"

	"weir.example/processor/cardinalityprocessor"
)

// The exit codes.
const (
	exitDone   = 0 // the report was written
	exitConfig = 1 // the configuration is refused
	exitUsage  = 2 // the arguments are
	exitInput  = 3 // an input cannot be read
)

func main() {
	os.Exit(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// options is what the command line says.
type options struct {
	configs   list
	processor string
	input     string
	format    string
	metric    string
	resource  attributes
	all       bool
	inputs    []string
}

// run is main with everything it touches given; it returns the exit code.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	o, err := parseOptions(args, stdout, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitDone
	case err != nil:
		return exitUsage
	}
	id, cfg, err := loadConfig(ctx, o.configs, o.processor)
	if err != nil {
		fmt.Fprintf(stderr, "weir-rules: %v\n", err)
		return exitConfig
	}
	md, err := readInputs(&o, stdin)
	if err != nil {
		fmt.Fprintf(stderr, "weir-rules: %v\n", err)
		return exitInput
	}
	rehearsal, err := cardinalityprocessor.Rehearse(cfg, md)
	if err != nil {
		fmt.Fprintf(stderr, "weir-rules: %v\n", err)
		return exitConfig
	}
	if err := newReport(id, rehearsal).write(stdout, o.format, o.all); err != nil {
		fmt.Fprintf(stderr, "weir-rules: %v\n", err)
		return exitInput
	}
	return exitDone
}

const usage = `weir-rules shows what a cardinality processor would do to metrics, before you deploy it. Nothing is sent anywhere.

  weir-rules -config collector.yaml [-processor cardinality/sanitize] input...

  curl -s localhost:9249/metrics | weir-rules -config collector.yaml -        a page of a target
  weir-rules -config rules.yaml capture-1.txt.gz capture-2.txt.gz             a file for rules_file, recorded pages
  weir-rules -config collector.yaml -format json page.prom | jq .summary
  cut -f3,7 report.tsv | weir-rules -config rules.yaml -input tsv -           lines key<TAB>value
  weir-rules -config collector.yaml -resource env=prod labels.csv             lines key,value

Exit codes: 0 the report was written, 1 the configuration is refused, 2 wrong arguments, 3 an input cannot be read.

`

func parseOptions(args []string, stdout, stderr io.Writer) (options, error) {
	o := options{resource: attributes{}}
	flags := flag.NewFlagSet("weir-rules", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Var(&o.configs, "config", "the collector's `configuration`, with ${env:NAME} expanded as the collector does, or a file for rules_file; given twice, the second one is laid over the first")
	flags.StringVar(&o.processor, "processor", "", "the processor's `ID`, where the configuration has several")
	flags.StringVar(&o.input, "input", "auto", "what inputs hold: prometheus (text format), tsv (key<TAB>value), csv (key,value), or auto")
	flags.StringVar(&o.format, "format", "table", "how to report: table or json")
	flags.StringVar(&o.metric, "metric", "values", "the metric `name` that the values of tsv and csv inputs get")
	flags.Var(o.resource, "resource", "a resource attribute `key=value` that the metrics get; repeatable")
	flags.BoolVar(&o.all, "all", false, "list also what stays as it is")
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	for _, arg := range args {
		if arg == "-h" || arg == "-help" || arg == "--help" {
			flags.SetOutput(stdout)
		}
	}
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	o.inputs = flags.Args()
	if err := o.check(); err != nil {
		fmt.Fprintf(stderr, "weir-rules: %v (-h shows examples)\n", err)
		return o, err
	}
	return o, nil
}

func (o *options) check() error {
	switch {
	case len(o.configs) == 0:
		return errors.New("-config: must be given")
	case len(o.inputs) == 0:
		return errors.New("must have at least one input (a file, or - for standard input)")
	case o.format != "table" && o.format != "json":
		return fmt.Errorf("-format: must be table or json (got %q)", o.format)
	case o.input != "auto" && readers[o.input] == nil:
		return fmt.Errorf("-input: must be auto, prometheus, tsv or csv (got %q)", o.input)
	}
	return nil
}

// list is a flag that may be repeated.
type list []string

func (l *list) String() string { return strings.Join(*l, ", ") }

// Set implements flag.Value.
func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}

// attributes is a flag of key=value that may be repeated.
type attributes map[string]string

func (a attributes) String() string { return "" }

// Set implements flag.Value.
func (a attributes) Set(pair string) error {
	key, value, ok := strings.Cut(pair, "=")
	if !ok || key == "" {
		return fmt.Errorf("must be key=value (got %q)", pair)
	}
	a[key] = value
	return nil
}
