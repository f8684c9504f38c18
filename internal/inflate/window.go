package inflate

const (
	windowSize = 32 << 10 // how far back a match may reach
	pieceSize  = 64 << 10 // what Next adds, about
	vector     = 16       // bytes that a processor copies at once
	copySize   = 17 * vector
	// slack is room behind a piece: for two literals behind its last byte but one, and what is written for a match behind them.
	slack = 512
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
	copyBytes(w.buf, w.end, distance, length)
	w.end += length
	return true
}

// copyBytes copies a match to buf[to:]. What it reads may be what it writes.
func copyBytes(buf []byte, to, distance, length int) {
	from, end := to-distance, to+length
	for to < end {
		to += copy(buf[to:end], buf[from:to])
	}
}

// copyVectors copies the longest match there may be, and a bit: shorter ones come so fast only without a branch on how long
// they are, which is as good as random. What it reads may be what it writes, if that is a vector further on.
func copyVectors(to, from *[copySize]byte) {
	*(*[vector]byte)(to[0*vector:]) = *(*[vector]byte)(from[0*vector:])
	*(*[vector]byte)(to[1*vector:]) = *(*[vector]byte)(from[1*vector:])
	*(*[vector]byte)(to[2*vector:]) = *(*[vector]byte)(from[2*vector:])
	*(*[vector]byte)(to[3*vector:]) = *(*[vector]byte)(from[3*vector:])
	*(*[vector]byte)(to[4*vector:]) = *(*[vector]byte)(from[4*vector:])
	*(*[vector]byte)(to[5*vector:]) = *(*[vector]byte)(from[5*vector:])
	*(*[vector]byte)(to[6*vector:]) = *(*[vector]byte)(from[6*vector:])
	*(*[vector]byte)(to[7*vector:]) = *(*[vector]byte)(from[7*vector:])
	*(*[vector]byte)(to[8*vector:]) = *(*[vector]byte)(from[8*vector:])
	*(*[vector]byte)(to[9*vector:]) = *(*[vector]byte)(from[9*vector:])
	*(*[vector]byte)(to[10*vector:]) = *(*[vector]byte)(from[10*vector:])
	*(*[vector]byte)(to[11*vector:]) = *(*[vector]byte)(from[11*vector:])
	*(*[vector]byte)(to[12*vector:]) = *(*[vector]byte)(from[12*vector:])
	*(*[vector]byte)(to[13*vector:]) = *(*[vector]byte)(from[13*vector:])
	*(*[vector]byte)(to[14*vector:]) = *(*[vector]byte)(from[14*vector:])
	*(*[vector]byte)(to[15*vector:]) = *(*[vector]byte)(from[15*vector:])
	*(*[vector]byte)(to[16*vector:]) = *(*[vector]byte)(from[16*vector:])
}
