package template

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
)

// stateVersion is that of the saved form; another is refused.
const stateVersion = 1

type savedMiner struct {
	Version int                   `json:"version"`
	Labels  map[string]savedLabel `json:"labels"`
}

type savedLabel struct {
	Root       savedNode `json:"root"`
	Vocabulary []string  `json:"vocabulary,omitempty"`

	Parents map[string][]string `json:"parents,omitempty"`
}

type savedNode struct {
	Word     string      `json:"w,omitempty"`
	Prefix   string      `json:"p,omitempty"`
	Leaf     bool        `json:"l,omitempty"`
	Children []savedNode `json:"c,omitempty"`
	Wild     *savedNode  `json:"a,omitempty"`
}

// Save returns what the miner knows. Equal knowledge gives equal bytes.
func (m *Miner) Save() ([]byte, error) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	saved := savedMiner{Version: stateVersion, Labels: map[string]savedLabel{}}
	for key, l := range m.labels {
		l.mu.Lock()
		saved.Labels[key] = savedLabel{Root: save(l.root), Vocabulary: slices.Sorted(maps.Keys(l.vocabulary)), Parents: copyParents(l.parents, len(l.parents))}
		l.mu.Unlock()
	}
	return json.Marshal(saved)
}

// copyParents copies at most limit words, in order.
func copyParents(from map[string][]string, limit int) map[string][]string {
	to := make(map[string][]string, min(len(from), limit))
	for _, word := range slices.Sorted(maps.Keys(from)) {
		if len(to) == limit {
			break
		}
		to[word] = slices.Clone(from[word][:min(len(from[word]), enough-1)])
	}
	return to
}

func save(n *node) savedNode {
	s := savedNode{Word: n.word, Prefix: n.prefix, Leaf: n.leaf}
	for _, c := range n.children {
		s.Children = append(s.Children, save(c))
	}
	if n.wild != nil {
		wild := save(n.wild)
		s.Wild = &wild
	}
	return s
}

// Load returns a Miner that knows what Save wrote, within the limits. Labels and nodes beyond them are left out.
func Load(data []byte, limits Limits) (*Miner, error) {
	var saved savedMiner
	if err := json.Unmarshal(data, &saved); err != nil {
		return nil, fmt.Errorf("templates: %w", err)
	}
	if saved.Version != stateVersion {
		return nil, fmt.Errorf("templates: version %d was written, %d can be read", saved.Version, stateVersion)
	}
	m := NewMiner(limits)
	for _, key := range slices.Sorted(maps.Keys(saved.Labels)) {
		l := m.label(key)
		if l == nil {
			break
		}
		s := saved.Labels[key]
		for _, word := range s.Vocabulary[:min(len(s.Vocabulary), limits.Nodes)] {
			l.vocabulary[word] = true
		}
		l.parents = copyParents(s.Parents, limits.Nodes)
		l.load(l.root, &s.Root, limits.Nodes)
	}
	return m, nil
}

// load puts what was saved under n.
func (t *tree) load(n *node, s *savedNode, limit int) {
	n.prefix, n.leaf = s.Prefix, s.Leaf
	if s.Leaf {
		t.values++
	}
	for i := range s.Children {
		if c := t.add(n, s.Children[i].Word, limit); c != nil {
			t.load(c, &s.Children[i], limit)
		}
	}
	if s.Wild != nil && t.nodes < limit {
		n.wild = &node{word: Any}
		t.nodes++
		t.load(n.wild, s.Wild, limit)
	}
}
