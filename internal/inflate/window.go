package inflate

const (
	windowSize = 32 << 10 // how far back a match may reach
	pieceSize  = 64 << 10 // what Next adds, about
	// slack is room behind a piece, for the longest match and two literals behind its last byte but one, and a word.
	slack = 512
	word  = 16 // what a processor copies at once
	// maxKept bounds the buffer that Reset keeps, in bytes.
	maxKept = 1 << 20
)

// window is the output: what the caller has not read yet, and before it at least as much as matches reach back.
type window struct {
	buf   []byte
	first int // where the member begins, 0 if that is gone
	end   int // behind the last byte
	limit int // where a piece is full
}

func (w *window) reset() {
	if w.buf == nil || len(w.buf) > maxKept {
		w.buf = make([]byte, windowSize+pieceSize+slack)
	}
	w.first, w.end, w.limit = 0, 0, 0
}

// open makes room for a piece behind the last keep bytes, or as many as there are.
func (w *window) open(keep int) int {
	keep = min(keep, w.end)
	if len(w.buf)-w.end < pieceSize+slack {
		w.slide(max(keep, min(w.end, windowSize)))
	}
	w.limit = w.end + pieceSize
	return keep
}

// slide moves the last hold bytes to the beginning. A buffer that grows doubles, so that a caller who keeps everything
// does not have it moved for each piece.
func (w *window) slide(hold int) {
	from, old := w.end-hold, w.buf
	if len(w.buf)-hold < pieceSize+slack {
		w.buf = make([]byte, 2*hold+pieceSize+slack)
	}
	copy(w.buf, old[from:w.end])
	w.first = max(0, w.first-from)
	w.end = hold
}

func (w *window) full() bool { return w.end >= w.limit }

// repeat appends length bytes, at most 258, from distance bytes back. It returns false if the member does not reach back so far.
func (w *window) repeat(distance, length int) bool {
	if distance > w.end-w.first {
		return false
	}
	copyMatch(w.buf, w.end, distance, length)
	w.end += length
	return true
}

// copyMatch copies a match to buf[to:], where it may write a word. What it reads may be what it writes.
func copyMatch(buf []byte, to, distance, length int) {
	from, end := to-distance, to+length
	if length <= word && distance >= word {
		copy(buf[to:to+word], buf[from:from+word])
		return
	}
	if distance >= length {
		copy(buf[to:end], buf[from:])
		return
	}
	for to < end {
		to += copy(buf[to:end], buf[from:to])
	}
}
