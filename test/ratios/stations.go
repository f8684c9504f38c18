package main

// benchmark is one of a package, without the word Benchmark: Pack/2.0.
type benchmark struct{ folder, name string }

// station is a step on a sample's way and what it is compared with.
type station struct {
	name      string
	of        benchmark
	yardstick benchmark
	than      string  // what the yardstick does
	promise   float64 // the highest ratio whatever the record says; 0: none
}

const (
	receiver  = "receiver/flinkprometheusreceiver"
	processor = "processor/cardinalityprocessor"
	rules     = processor + "/internal/rules"
	evidence  = processor + "/internal/evidence"
	exporter  = "exporter/orderedremotewriteexporter"
	vm        = "tools/victoriametrics"
)

var (
	parser = benchmark{vm, "Parse"}
	vmText = "VictoriaMetrics's parser, same page"
)

// stations are in the order in which a sample meets them.
var stations = []station{
	{"decompress", benchmark{receiver, "Fetch"}, benchmark{receiver, "Gunzip"}, "klauspost gzip, same bytes", 0},
	{"parse", benchmark{receiver, "Parse"}, parser, vmText, 0.35},
	{"parse new", benchmark{receiver, "ParseNew"}, parser, vmText, 0},
	{"build pdata", benchmark{receiver, "Build"}, benchmark{receiver, "Copy"}, "pdata's own copy", 0},
	{"scrape", benchmark{receiver, "ScrapeKnown"}, parser, vmText, 0},
	{"scrape after restart", benchmark{receiver, "ScrapeRestarted"}, parser, vmText, 0},
	{"rename and supersede", benchmark{processor, "Supersede"}, benchmark{processor, "Copy"}, "pdata's own copy", 0},
	{"merge", benchmark{processor, "Merge"}, benchmark{processor, "Copy"}, "pdata's own copy", 0},
	{"tick", benchmark{processor, "TickOfMerged"}, benchmark{processor, "Copy"}, "pdata's own copy", 0},
	{"new label value", benchmark{rules, "DecideNew"}, benchmark{rules, "ReplaceAll"}, "nine regular expressions", 0},
	{"known label value", benchmark{rules, "DecideKnown"}, benchmark{rules, "HashBoth"}, "xxhash of key and value", 0},
	{"evidence", benchmark{evidence, "ObserveHour"}, benchmark{evidence, "Count"}, "a map that counts values", 0},
	{"exporter take", benchmark{exporter, "TakeKnown"}, benchmark{exporter, "HashNames"}, "xxhash of names and attributes", 0},
	{"encode 1.0", benchmark{exporter, "Pack/1.0"}, benchmark{exporter, "Snappy/1.0"}, "golang/snappy, same request", 0},
	{"encode 2.0", benchmark{exporter, "Pack/2.0"}, benchmark{exporter, "Snappy/2.0"}, "golang/snappy, same request", 0},
	{"log", benchmark{exporter, "LogKnown"}, benchmark{exporter, "Write"}, "write(2), same bytes", 0},
}
