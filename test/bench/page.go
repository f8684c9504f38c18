package main

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"

	"weir.example/internal/flinktest"
)

// The TaskManager that pages are made of: 4,140 series of two jobs of parallelism 8 and 32.
const (
	layoutVersion  = "1.20.3"
	layoutScenario = "parallelism"
	layoutProcess  = "taskmanager-1"
	layoutPage     = 2
)

// page renders the exposition of one TaskManager at any second. It holds no pointer per line: there may be millions.
type page struct {
	text []byte // all lines without their values; comments precede the sample they belong to
	ends []int  // offset in text behind each sample's label block
	base []float64
	own  int64 // seconds that the values are ahead, so that no two TaskManagers have the same at a time
}

// lineOfLayout is one sample of the capture.
type lineOfLayout struct {
	comments string // HELP and TYPE, before the first sample of a family
	key      string // name and label block
	entity   string // label block without the quantile; empty for those of the process itself
	value    float64
}

// layout reads the captured page.
func layout() ([]lineOfLayout, error) {
	processes, err := flinktest.Scenario(layoutVersion, layoutScenario)
	if err != nil {
		return nil, err
	}
	for _, p := range processes {
		if p.Name == layoutProcess {
			return parseLayout(p.Pages[layoutPage].Body)
		}
	}
	return nil, errors.New("the capture has no " + layoutProcess)
}

func parseLayout(body []byte) ([]lineOfLayout, error) {
	var lines []lineOfLayout
	var comments strings.Builder
	for raw := range bytes.Lines(body) {
		text := string(raw)
		if text[0] == '#' {
			comments.WriteString(text)
			continue
		}
		key, number, ok := strings.Cut(text, "} ")
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if !ok || err != nil {
			return nil, fmt.Errorf("line of the capture: %q", text)
		}
		lines = append(lines, lineOfLayout{comments: comments.String(), key: key + "} ", entity: entityOf(key), value: v})
		comments.Reset()
	}
	return lines, nil
}

func entityOf(key string) string {
	if !strings.Contains(key, `job_id="`) {
		return ""
	}
	_, labels, _ := strings.Cut(key, "{")
	labels, _, _ = strings.Cut(labels, `quantile="`)
	return labels
}

// newPage makes TaskManager n with about the given number of series: the jobs of the layout are repeated under other ids as often
// as needed, and from the last copy whole entities are left out.
func newPage(lines []lineOfLayout, n, series int) *page {
	copies, cut := split(lines, series)
	replace := make([]*strings.Replacer, copies)
	for c := range replace {
		replace[c] = renamer(lines, n, c)
	}
	p := &page{own: int64(n) * 3600}
	for begin := 0; begin < len(lines); {
		end := begin + 1
		for end < len(lines) && lines[end].comments == "" {
			end++
		}
		comments := lines[begin].comments
		for c := range copies {
			for _, l := range lines[begin:end] {
				if l.entity == "" && c > 0 || c == copies-1 && cut[l.entity] {
					continue
				}
				p.add(comments+replace[c].Replace(l.key), l.value)
				comments = ""
			}
		}
		begin = end
	}
	return p
}

// split tells how many copies of the jobs make the wanted number of series, and which entities the last copy goes without.
func split(lines []lineOfLayout, series int) (copies int, cut map[string]bool) {
	process, sizes := 0, map[string]int{}
	for _, l := range lines {
		if l.entity == "" {
			process++
		} else {
			sizes[l.entity]++
		}
	}
	jobs := len(lines) - process
	copies = max(1, (series-process+jobs-1)/jobs)
	rest := series - process - (copies-1)*jobs
	cut = map[string]bool{}
	decided := map[string]bool{"": true}
	for _, l := range lines {
		if decided[l.entity] {
			continue
		}
		decided[l.entity] = true
		if sizes[l.entity] > rest {
			cut[l.entity] = true
			continue
		}
		rest -= sizes[l.entity]
	}
	return copies, cut
}

// renamer gives TaskManager n and copy c of the jobs identities of their own, as long as the captured ones.
func renamer(lines []lineOfLayout, n, c int) *strings.Replacer {
	var pairs []string
	seen := map[string]bool{}
	put := func(old, fresh string) {
		if old != "" && !seen[old] {
			seen[old] = true
			pairs = append(pairs, old, fresh)
		}
	}
	for _, l := range lines {
		host, id := valueOf(l.key, "host"), valueOf(l.key, "tm_id")
		put(`host="`+host, fmt.Sprintf(`host="tm-%05d`, n))
		put(id, fmt.Sprintf("tm-%05d:37247_%06x", n, n*7919))
		put(valueOf(l.key, "job_id"), hex32(valueOf(l.key, "job_id"), c))
		execution, _, _ := strings.Cut(valueOf(l.key, "task_attempt_id"), "_")
		put(execution, hex32(execution, c))
		put(`job_name="`, fmt.Sprintf(`job_name="%02d_`, c))
	}
	return strings.NewReplacer(pairs...)
}

func valueOf(key, label string) string {
	_, rest, _ := strings.Cut(key, label+`="`)
	value, _, _ := strings.Cut(rest, `"`)
	return value
}

func hex32(of string, c int) string {
	h := fnv.New128a()
	fmt.Fprint(h, of, c)
	return fmt.Sprintf("%x", h.Sum(nil))
}

func (p *page) add(text string, captured float64) {
	p.text = append(p.text, text...)
	p.ends = append(p.ends, len(p.text))
	p.base = append(p.base, withValue(captured))
}

// withValue puts a time in milliseconds where Flink says that it has no value yet: Weir drops those, others do not.
func withValue(v float64) float64 {
	if v != v || v > 1e15 || v < -1e15 {
		return 1_795_300_000_000
	}
	return v
}

// len is the number of series.
func (p *page) len() int { return len(p.ends) }

// render appends the exposition of a second. Every value differs from that of the second before, and from that of any
// other TaskManager: nobody can save work that busy jobs would make necessary.
func (p *page) render(b []byte, second int64) []byte {
	begin := 0
	for i, end := range p.ends {
		b = append(b, p.text[begin:end]...)
		step := float64((second + p.own) * int64(1+i%97))
		if p.base[i] != float64(int64(p.base[i])) {
			step /= 60 // rates of Flink are sixtieths
		}
		b = append(appendJava(b, p.base[i]+step), '\n')
		begin = end
	}
	return b
}
