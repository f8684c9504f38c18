package template

import (
	"slices"
	"strings"
)

// Any is the placeholder of a position that holds ever new words.
const Any = "{*}"

// tree is what the miner knows about one label: a tree over the tokens of its values.
type tree struct {
	root       *node
	nodes      int                 // bounded by Limits.Nodes
	values     int                 // leaves: distinct values after typing
	vocabulary map[string]bool     // names of things; bounded by Limits.Nodes
	parents    map[string][]string // of words that may become names: the route words they followed; bounded likewise
	epoch      int                 // how often the vocabulary grew
}

// enough is how many different route words a word must follow to be the name of a thing: /users/acme, /orgs/acme, /apps/acme.
const enough = 3

// follow notes that the word followed another in a route, and tells whether that made it the name of a thing.
func (t *tree) follow(parent, word string, limit int) bool {
	if t.vocabulary[word] || typed(word) || static(word) || !static(parent) || parent == "" || versioned(parent) || parent == "api" || parent == "apis" {
		return false
	}
	seen := t.parents[word]
	if slices.Contains(seen, parent) || seen == nil && len(t.parents) >= limit || len(t.vocabulary) >= limit {
		return false
	}
	if len(seen)+1 < enough {
		t.parents[strings.Clone(word)] = append(seen, strings.Clone(parent))
		return false
	}
	delete(t.parents, word)
	t.vocabulary[strings.Clone(word)] = true
	t.epoch++
	return true
}

// node is one token at its place.
type node struct {
	word     string
	children []*node // by word
	wild     *node   // what follows any word; nil while the words are told apart
	prefix   string  // what all words under wild begin with, up to a joint
	leaf     bool    // a value ended here
	epoch    int     // of the vocabulary when the children were last looked at, and how many they were
	seen     int
}

// typed tells whether the token holds a placeholder already.
func typed(word string) bool {
	return strings.IndexByte(word, '{') >= 0 || word != "" && parameter(word)
}

// last tells whether values end at the node and none goes on.
func (n *node) last() bool { return n.leaf && len(n.children) == 0 && n.wild == nil }

// collection tells whether only identifiers follow the word: /charges/{id} names a collection, where /repos/acme/issues names a thing.
func (n *node) collection() bool {
	return n.wild == nil && len(n.children) > 0 && !slices.ContainsFunc(n.children, func(c *node) bool { return !typed(c.word) })
}

// identified tells whether all children but c are identifiers.
func (n *node) identified(c *node) bool {
	return !slices.ContainsFunc(n.children, func(other *node) bool { return other != c && !typed(other.word) })
}

// apart tells whether the word is that of a collection, which an open position leaves alone.
func (n *node) apart(word string) bool {
	i, found := n.child(word)
	return found && n.children[i].collection()
}

// child returns where word is among the children; written out, for it is most of the cost of a walk.
func (n *node) child(word string) (int, bool) {
	low, high := 0, len(n.children)
	for low < high {
		middle := (low + high) / 2
		if n.children[middle].word < word {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, low < len(n.children) && n.children[low].word == word
}

// add returns the child for word, made if need be; nil when there is no room.
func (t *tree) add(n *node, word string, limit int) *node {
	i, found := n.child(word)
	if found {
		return n.children[i]
	}
	if t.nodes >= limit {
		return nil
	}
	c := &node{word: strings.Clone(word)}
	n.children = slices.Insert(n.children, i, c)
	t.nodes++
	return c
}

// open tells whether the words at this position shall no longer be told apart. least is how many names of things it takes.
//
//   - Many words, most of which are no names of routes.
//   - Few of them, beside an identifier at the same place: /users/alice and /users/42.
//   - Words two thirds of which are known from positions that are open already, which the first position cannot use.
func (t *tree) open(n *node, least int, first bool) bool {
	if n.seen == len(n.children) && n.epoch == t.epoch {
		return false
	}
	n.seen, n.epoch = len(n.children), t.epoch
	names, routes, known, ids := 0, 0, 0, 0
	for _, c := range n.children {
		switch {
		case typed(c.word):
			ids++
		case static(c.word) && !t.vocabulary[c.word]:
			routes++
		default:
			names++
			if t.vocabulary[c.word] {
				known++
			}
		}
	}
	switch {
	case routes > names/2:
		return names+routes >= 256
	case names >= least || ids > 0 && names >= max(3, least/3):
		return true
	default:
		return !first && names > 0 && known*3 >= names*2
	}
}

// merge opens the position: what follows its words is put together, and the words join the vocabulary.
func (t *tree) merge(n *node, limit int) {
	n.wild = &node{word: Any}
	n.prefix = ""
	t.nodes++
	kept := n.children[:0]
	first := true
	ends := slices.ContainsFunc(n.children, func(c *node) bool { return c.leaf && !static(c.word) && !typed(c.word) })
	collections := 0
	for _, c := range n.children {
		if c.collection() {
			collections++
		}
	}
	few := collections*4 <= len(n.children)
	for _, c := range n.children {
		if typed(c.word) || fixed[c.word] || few && c.collection() || !ends && c.last() && static(c.word) {
			kept = append(kept, c)
			continue
		}
		if first {
			n.prefix, first = joined(c.word), false
		} else {
			n.prefix = shared(n.prefix, c.word)
		}
		if len(t.vocabulary) < limit {
			t.vocabulary[c.word] = true
		}
		t.nodes--
		t.unite(n.wild, c)
	}
	n.children = slices.Clip(kept)
	t.epoch++
}

// unite puts what follows b under a. Nodes that both have are counted once from then on.
func (t *tree) unite(a, b *node) {
	a.leaf = a.leaf || b.leaf
	if b.wild != nil {
		if a.wild == nil {
			a.wild, a.prefix = b.wild, b.prefix
		} else {
			t.nodes--
			a.prefix = shared(a.prefix, b.prefix)
			t.unite(a.wild, b.wild)
		}
	}
	for _, c := range b.children {
		i, found := a.child(c.word)
		if !found {
			a.children = slices.Insert(a.children, i, c)
			continue
		}
		t.nodes--
		t.unite(a.children[i], c)
	}
	if a.wild == nil {
		return
	}
	// Words that came beside an open position belong to it.
	a.children = slices.DeleteFunc(a.children, func(c *node) bool {
		if typed(c.word) || fixed[c.word] || c.collection() || !a.wild.leaf && c.last() && static(c.word) {
			return false
		}
		a.prefix = shared(a.prefix, c.word)
		t.nodes--
		t.unite(a.wild, c)
		return true
	})
}

// joined is the part of a word up to its last joint, which may be common to all words of a position: bucket- of bucket-7rft27.
func joined(word string) string {
	return word[:strings.LastIndexAny(word, "-_.")+1]
}

// shared is what prefix has in common with word, up to a joint.
func shared(prefix, word string) string {
	n := 0
	for n < len(prefix) && n < len(word) && prefix[n] == word[n] {
		n++
	}
	return joined(prefix[:n])
}
