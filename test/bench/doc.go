// Bench measures what the way from a Flink reporter to a remote-write store costs, for Weir and for the programs that are used for
// it elsewhere: vmagent, a Prometheus agent, and OpenTelemetry's collector with its own Prometheus components.
//
// All contenders of a round run at the same time, scrape the same endpoints (source.go, whose pages follow a capture of a real
// TaskManager: page.go) and write to the same strict sink (sink.go, wire.go), both inside this process. Each contender has a path
// of its own, by which its samples are counted apart. Over windows of whole scrape intervals the CPU time of each process is set
// against what it scraped (round.go). At the end scraping is refused, and what was served is compared with what arrived.
//
// The machine's speed moves while it is measured, so that only ratios between contenders of one round mean much; they are formed
// window by window. Results go to standard output and, with -doc, between markers of a Markdown page (report.go).
package main
