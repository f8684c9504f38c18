package evidence

// Novelty of a value, as the memory tells it.
const (
	unseen = iota
	seenOnce
	seenOften
)

// valuesPerLine: a line takes 16 values before one in fifty is mistaken.
const valuesPerLine = 16

// line is one cache line of a blocked Bloom filter: four words for "seen" and
// four for "seen again", so that both answers cost one miss.
type line [8]uint64

// memory remembers which values were seen, in two generations that rotate: a
// value is forgotten between half a day and a day after it was last seen, or
// sooner when a generation is full.
type memory struct {
	lines [2][]line // the current generation first
	used  int       // values in the current generation
	began int64     // of the current generation, seconds
	era   uint32    // how many there were
}

func newMemory(values int) memory {
	n := max(values/valuesPerLine, 1)
	return memory{lines: [2][]line{make([]line, n), make([]line, n)}, era: 1}
}

// expire begins a new generation when the current one is full or old.
func (m *memory) expire(sec int64) {
	if m.used >= len(m.lines[0])*valuesPerLine || sec >= m.began+day/2 {
		m.rotate(sec)
	}
}

// mark remembers a sighting and returns what was known before it.
func (m *memory) mark(hash uint64, sec int64) int {
	m.expire(sec)
	at := hash % uint64(len(m.lines[0]))
	bits := spread(hash)
	current := &m.lines[0][at]
	known := current.holds(bits)
	if known != seenOften {
		known = max(known, m.lines[1][at].holds(bits))
		m.used += current.put(bits, known)
	}
	return known
}

func (m *memory) rotate(sec int64) {
	clear(m.lines[1])
	m.lines[0], m.lines[1] = m.lines[1], m.lines[0]
	m.used, m.began = 0, sec
	m.era++
}

// spread is one bit in each of the four words of a line's half.
func spread(hash uint64) [4]uint64 {
	// The line is chosen by the low bits: multiply so that these differ within it.
	hash = hash * 0x9e3779b97f4a7c15 >> 16
	return [4]uint64{1 << (hash & 63), 1 << (hash >> 6 & 63), 1 << (hash >> 12 & 63), 1 << (hash >> 18 & 63)}
}

func (l *line) has(half int, bits [4]uint64) bool {
	return l[half]&bits[0] != 0 && l[half+1]&bits[1] != 0 && l[half+2]&bits[2] != 0 && l[half+3]&bits[3] != 0
}

func (l *line) holds(bits [4]uint64) int {
	switch {
	case !l.has(0, bits):
		return unseen
	case !l.has(4, bits):
		return seenOnce
	default:
		return seenOften
	}
}

// put remembers one more sighting of a value of which known was known, and
// returns 1 if it is new to the line.
func (l *line) put(bits [4]uint64, known int) int {
	fresh := 0
	if !l.has(0, bits) {
		fresh = 1
	}
	for i, b := range bits {
		l[i] |= b
		if known != unseen {
			l[i+4] |= b
		}
	}
	return fresh
}
