package template

import (
	"strings"
	"sync"
	"sync/atomic"
)

// Limits bound what a Miner keeps.
type Limits struct {
	Labels int // labels beyond this many are not mined
	Nodes  int // per label, and words of its vocabulary
	Warmup int // distinct values of a label before anything is put together
}

// DefaultLimits hold a label's tree under about 400 KiB.
var DefaultLimits = Limits{Labels: 1000, Nodes: 4096, Warmup: 16}

// A value's tokens beyond these are not looked at.
const (
	maxTokens = 32
	maxToken  = 128
)

// routeLabels stands for all labels whose values are routes: path, uri and http.target name the same resources.
const routeLabels = "routes"

// Miner finds the positions of a label's values that hold ever new words, which no typed token explains: /repos/{*}/{*}/issues.
// It is of the family of Drain (He et al., ICWS 2017): a tree over tokens of bounded width; but it decides by position, from the
// number of words there, whether routes are made of such words, and whether they name things elsewhere, so the template of a value does not depend on the order
// of values within a generation. Positions once open stay open: templates become wider, never narrower. Safe for concurrent use.
type Miner struct {
	limits     Limits
	mu         sync.RWMutex // guards labels; before label.mu
	labels     map[string]*label
	generation atomic.Uint64
}

type label struct {
	mu sync.Mutex
	tree
}

// NewMiner returns a Miner that knows nothing.
func NewMiner(limits Limits) *Miner {
	return &Miner{limits: limits, labels: map[string]*label{}}
}

// Generation grows whenever a template may have become wider; what was mined before may then be mined again.
func (m *Miner) Generation() uint64 { return m.generation.Load() }

// Mine learns the value of a label, whose typed tokens are placeholders already, and returns its template as of now.
func (m *Miner) Mine(key string, form Form, value string) string {
	separators, found := separatorsOf(form, value)
	if !found || form == SQL {
		return value
	}
	if form == Route {
		key = routeLabels
	}
	l := m.label(key)
	if l == nil {
		return value
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	walk := walk{tree: &l.tree, limits: m.limits, least: leastNames(form), firm: 1, routes: form == Route}
	switch {
	case form == URL:
		walk.firm = 3 // scheme, the empty part behind it, and the authority
	case separators[0] == ' ':
		walk.firm = -1
	}
	template := walk.mine(value, separators)
	if walk.changed {
		m.generation.Add(1)
	}
	return template
}

// separatorsOf are the characters between the tokens of a value of this form; none when it has one token.
func separatorsOf(form Form, value string) (separators [2]byte, found bool) {
	separators = [2]byte{':', '/'}
	switch {
	case form == Route || form == File || form == URL:
		separators = [2]byte{'/', '/'}
	case form == Message || form == Text && strings.Count(value, " ") > 1:
		separators = [2]byte{' ', ' '}
	}
	return separators, tokenEnd(value, 0, separators) < len(value)
}

// Mines tells whether Mine looks at such a value: one without parts is what it is.
func Mines(form Form, value string) bool {
	_, found := separatorsOf(form, value)
	return found && form != SQL
}

// tokenEnd is where the token that begins at i ends.
func tokenEnd(value string, i int, separators [2]byte) int {
	for i < len(value) && value[i] != separators[0] && value[i] != separators[1] {
		i++
	}
	return i
}

// leastNames is how many names of things open a position. Files and text have more words that stand for themselves than routes.
func leastNames(form Form) int {
	switch form {
	case Route, URL:
		return 6
	case File:
		return 24
	default:
		return 16
	}
}

func (m *Miner) label(key string) *label {
	m.mu.RLock()
	l := m.labels[key]
	m.mu.RUnlock()
	if l != nil {
		return l
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if l = m.labels[key]; l == nil && len(m.labels) < m.limits.Labels {
		l = &label{tree: tree{root: &node{}, nodes: 1, vocabulary: map[string]bool{}, parents: map[string][]string{}}}
		m.labels[strings.Clone(key)] = l
	}
	return l
}

// walk is one value on its way down the tree.
type walk struct {
	*tree
	limits  Limits
	least   int
	routes  bool
	firm    int // positions up to this one name services and routes more often than things
	changed bool
}

// mine goes down the tree token by token, opens positions that are ready, and writes the template.
func (w *walk) mine(value string, separators [2]byte) string {
	out := builder{value: value}
	n := w.root
	depth := 0
	for start := 0; start <= len(value) && depth < maxTokens && n != nil; depth++ {
		end := tokenEnd(value, start, separators)
		if end-start > maxToken {
			break
		}
		word := value[start:end]
		above := n
		n = w.step(n, word, depth, end == len(value))
		if n != nil && n.word == Any && word != Any {
			out.replace(start, end, above.prefix+Any)
		}
		start = end + 1
	}
	if n != nil && !n.leaf {
		n.leaf = true
		w.values++
	}
	return out.String()
}

// step goes to the child for word, and opens the position when its time has come. The result has the word Any when it is open.
func (w *walk) step(n *node, word string, depth int, last bool) *node {
	ends := last && n.wild != nil && !n.wild.leaf && static(word) // where no thing ends, /images/json is a route
	if n.wild != nil && !typed(word) && !fixed[word] && !ends && !n.apart(word) {
		if narrower := shared(n.prefix, word); narrower != n.prefix {
			n.prefix, w.changed = narrower, true
		}
		return n.wild
	}
	before := w.nodes
	c := w.add(n, word, w.limits.Nodes)
	if w.nodes > before && !typed(word) && len(n.children) > 1 && n.identified(c) {
		w.changed = true // no collection any more: it may belong to an open position
	}
	if w.routes && depth > 1 && w.nodes > before && w.follow(n.word, word, w.limits.Nodes) {
		w.changed = true
	}
	if n.wild != nil || word == "" || w.values < w.limits.Warmup {
		return c
	}
	first := depth <= w.firm
	least := w.least
	if depth == 0 && w.firm > 0 {
		return c
	}
	if first {
		least *= 4
	}
	if c == nil {
		least = min(least, 8) // no room to wait for more
	}
	if !w.open(n, least, first) && (c != nil || len(n.children) < least) {
		return c
	}
	w.merge(n, w.limits.Nodes)
	w.changed = true
	if typed(word) || fixed[word] {
		return c
	}
	return n.wild
}
