# Weir: `make` lists what there is. Every build runs with GOWORK=off; go.work is for editors only.
export GOWORK := off
export GOFLAGS :=

TOOLS   := $(CURDIR)/.tools
GATES   := --feature-gates=+extension.healthcheck.useComponentStatus
SOURCES := $(shell find receiver processor exporter extension internal -name '*.go' -not -name '*_test.go' -o -name '*.csv' 2>/dev/null)
# Folders of the root module that hold Go packages.
PACKAGES := ./internal/... ./receiver/... ./processor/... ./exporter/... ./extension/...

.DEFAULT_GOAL := help
.PHONY: help demo test build sidecar check unit e2e faults faults-short soak conformance quality ratios bench-pipeline bench-sidecar rules lint generate generated fuzz bench screenshot rename-module clean

help: ## list the targets
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: bin/weir $(TOOLS)/victoria-metrics ## Flink, Weir and a store on this machine, with charts (SOURCE=recorded: without Java)
	@cd test && go build -o $(CURDIR)/bin/weir-demo ./demo
	@bin/weir-demo -source $(or $(SOURCE),flink)

test: check rules unit ratios faults-short e2e ## everything that must hold (what CI runs)

build: bin/weir bin/weir-rules ## compile the distribution to bin/weir, and bin/weir-rules, which tries rules before they are deployed

bin/weir: builder-config.yaml go.mod $(SOURCES) | $(TOOLS)/builder
	$(TOOLS)/builder --config builder-config.yaml
	@mkdir -p bin && cp distro/build/weir bin/weir && ls -l bin/weir | awk '{printf "bin/weir: %.1f MB\n", $$5/1e6}'

bin/weir-rules: go.mod $(SOURCES)
	go build -trimpath -ldflags '-s -w' -o $@ ./processor/cardinalityprocessor/cmd/weir-rules

sidecar: bin/weir-sidecar ## compile the slim binary of examples/sidecar to bin/weir-sidecar

bin/weir-sidecar: examples/sidecar/builder-config.yaml go.mod $(SOURCES) | $(TOOLS)/builder
	$(TOOLS)/builder --config examples/sidecar/builder-config.yaml
	@mkdir -p bin && cp distro/build-sidecar/weir-sidecar $@ && ls -l $@ | awk '{printf "$@: %.1f MB\n", $$5/1e6}'

check: bin/weir lint generated ## lint, generated files up to date, example configs validated by the real binary
	@for f in distro/config.yaml $$(find examples -name 'config*.yaml' | sort); do \
		bin/weir validate $(GATES) --config $$f && echo "valid: $$f" || { echo "INVALID: $$f"; exit 1; }; done

unit: ## unit, golden, property and fuzz-seed tests of all modules
	go test -race -timeout 20m $(PACKAGES)
	cd test && go vet ./... && go test -timeout 20m ./bench/... ./cluster/... ./demo/... ./ratios/...

e2e: bin/weir $(TOOLS)/victoria-metrics $(TOOLS)/prometheus ## the binary against a real Flink, VictoriaMetrics and Prometheus (needs Java 17 and Maven)
	cd test && go test -count=1 -tags e2e -timeout 40m -v ./e2e/...

# Runs tests of the test module by tag and writes what they said to docs/results: $(call results,<title>,<packages>,<flags>)
define results
	cd test && go build -o $(TOOLS)/report ./report && \
		go test -json -count=1 -parallel 3 $(3) $(2) | $(TOOLS)/report -title $(1) -command "make $@" -dir $(CURDIR)/docs/results
endef

STORES := $(TOOLS)/victoria-metrics $(TOOLS)/prometheus

faults: bin/weir $(STORES) ## everything around Weir fails: kills, outages, disks, TLS, real stores (25 minutes; writes docs/results)
	$(call results,Faults,./faults,-tags faults -timeout 90m)

faults-short: bin/weir $(STORES) # the part of faults that CI runs
	cd test && go test -count=1 -parallel 3 -tags faults -short -timeout 15m ./faults

soak: bin/weir ## one hour of series that come and go, kills and outages (writes docs/results)
	$(call results,Soak,./faults -soak=1h,-tags faults -timeout 90m -run TestSeriesThatComeAndGo)

conformance: bin/weir ## what the Prometheus project asks of senders (writes docs/results)
	$(call results,Conformance,./conformance,-tags conformance -timeout 20m)

quality: ## how well label values are recognised, and at what cost (CORPUS=file.csv: of another corpus too; writes docs/results)
	go build -C test -o $(TOOLS)/report ./report
	go test -json -count=1 -run 'Quality|Cost' ./processor/cardinalityprocessor/internal/rules $(if $(CORPUS),-args -corpus=$(abspath $(CORPUS))) | \
		$(TOOLS)/report -title Quality -command "make $@" -dir $(CURDIR)/docs/results

ratios: ## each station of a sample beside a yardstick: fails when one doubled or allocates more (ONLY=parse,merge; RECORD=1 writes the record)
	go run -C test ./ratios $(if $(ONLY),-only '$(ONLY)') $(if $(RECORD),-record)

PEERS := $(TOOLS)/vmagent $(TOOLS)/prometheus $(TOOLS)/otelcol

RUN ?= all
SERIES ?= 200000,1000000
WINDOWS ?= 3
bench-pipeline: bin/weir bin/weir-sidecar $(PEERS) ## what scrape to store costs, beside vmagent, Prometheus and otelcol (RUN=plain,wal SERIES=200000 WINDOWS=3; 50 minutes; writes docs/performance.md)
	go build -C test -o $(CURDIR)/bin/bench-pipeline ./bench
	bin/bench-pipeline -run $(RUN) -series $(SERIES) -windows $(WINDOWS) -doc docs/performance.md $(BENCH)

bench-sidecar: bin/weir-sidecar # what 500 series at 15 s cost the slim build (3 minutes; writes docs/performance.md)
	go build -C test -o $(CURDIR)/bin/bench-pipeline ./bench
	bin/bench-pipeline -run sidecar -series 500 -windows 3 -window 60s -doc docs/performance.md $(BENCH)

anchors: bin/weir $(TOOLS)/vmagent ## Weir, vmagent and metricstransform drop the same label from the same histories (3 minutes; writes docs/results)
	$(call results,Anchors,./anchors,-tags anchors -timeout 30m -run TestIncrease)

rules: $(TOOLS)/promtool ## check and test the alert rules of dashboards/rules
	$(TOOLS)/promtool check rules --lint=all --lint-fatal dashboards/rules/weir.yaml
	$(TOOLS)/promtool test rules dashboards/rules/weir.test.yaml

lint: $(TOOLS)/staticcheck $(TOOLS)/gofumpt ## gofumpt, go vet, staticcheck
	@out=$$($(TOOLS)/gofumpt -l internal receiver processor exporter extension test); [ -z "$$out" ] || { echo "not formatted (gofumpt -w):"; echo "$$out"; exit 1; }
	go vet $(PACKAGES)
	$(TOOLS)/staticcheck $(PACKAGES)
	cd test && $(TOOLS)/staticcheck -tags e2e,faults,conformance,anchors ./...

generate: $(TOOLS)/mdatagen ## write the generated files again (mdatagen, docs tables)
	PATH=$(TOOLS):$$PATH go generate $(PACKAGES)

# Content of everything a generator writes.
GENERATED = git ls-files -co --exclude-standard | grep -E 'generated_|internal/metadata|documentation.md|docs/flink-metrics.md' | xargs sha256sum

generated: $(TOOLS)/mdatagen # fails when `make generate` would change a file
	@before=$$($(GENERATED)); $(MAKE) -s generate; after=$$($(GENERATED)); \
		[ "$$before" = "$$after" ] || { echo "generated files were not up to date; commit what make generate wrote"; git diff --stat; exit 1; }

FUZZTIME ?= 30s
fuzz: ## every fuzz target for FUZZTIME (default 30s) each
	@for p in $$(grep -rl --include='*_test.go' '^func Fuzz' internal receiver processor exporter extension | xargs -n1 dirname | sort -u); do \
		for f in $$(grep -rhoE '^func Fuzz[A-Za-z0-9_]+' $$p/*_test.go | awk '{print $$2}'); do \
			echo "fuzz $$p $$f"; go test -run '^$$' -fuzz "^$$f\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 2s ./$$p || exit 1; done; done

bench: ## micro-benchmarks with allocations
	go test -run '^$$' -bench . -benchmem $(PACKAGES)

screenshot: ## docs/images/demo.png from the running demo (needs chromium)
	test/screenshot/run

rename-module: ## move the tree to another module path: make rename-module TO=github.com/org/repo
	@test -n "$(TO)" || { echo "usage: make rename-module TO=github.com/org/repo"; exit 2; }
	grep -rlF 'weir.example' --include='*.go' --include='go.mod' --include='*.yaml' --include='go.work' --include='*.md' . | xargs sed -i 's#weir\.example#$(TO)#g'

clean: ## remove what was built (not the download caches)
	rm -rf bin distro/build distro/build-sidecar .tools .cache

$(TOOLS)/builder $(TOOLS)/mdatagen $(TOOLS)/staticcheck $(TOOLS)/gofumpt: tools/build/go.mod
	go build -C tools/build -o $(TOOLS)/ tool && touch $(TOOLS)/builder $(TOOLS)/mdatagen $(TOOLS)/staticcheck $(TOOLS)/gofumpt

$(TOOLS)/victoria-metrics $(TOOLS)/vmagent: tools/victoriametrics/go.mod
	CGO_ENABLED=0 go build -C tools/victoriametrics -o $(TOOLS)/ github.com/VictoriaMetrics/VictoriaMetrics/app/$(@F) && touch $@

$(TOOLS)/otelcol: test/bench/otelcol.yaml | $(TOOLS)/builder
	@mkdir -p .cache
	$(TOOLS)/builder --config test/bench/otelcol.yaml
	cp .cache/otelcol/otelcol $@

$(TOOLS)/prometheus $(TOOLS)/promtool: tools/prometheus/go.mod
	CGO_ENABLED=0 go build -C tools/prometheus -tags netgo,remove_all_sd -ldflags '-s -w' -o $(TOOLS)/ github.com/prometheus/prometheus/cmd/$(@F) && touch $@
