package detect

// safeAlphabet is what Kubernetes makes random names of: no vowels and no digits that look like letters (k8s.io/apimachinery,
// util/rand).
var safeAlphabet = func() (table [256]bool) {
	for _, b := range []byte("bcdfghjklmnpqrstvwxz2456789") {
		table[b] = true
	}
	return table
}()

func safe(v string) bool {
	for i := range len(v) {
		if !safeAlphabet[v[i]] {
			return false
		}
	}
	return true
}

// kubernetesAt recognises the generated end of a pod's or job's name in the compound of words and dashes that began at
// `compound` and ends with w: <hash of 8 to 10>-<5> behind a ReplicaSet's name, <5> behind a DaemonSet's or Job's (only
// where the key says pod, or with a digit under a key that names hosts), <minutes since 1970> behind a CronJob's.
func (s *scan) kubernetesAt(w word, compound int) (int, int, Kind) {
	v := s.value
	if w.len() == 8 && w.classes == digit && byteAt(v, w.start-1) == '-' && w.start-1 > compound && !s.has(bounded) {
		return s.cronJobAt(w)
	}
	if w.len() != 5 || byteAt(v, w.start-1) != '-' || byteAt(v, w.end) == '-' || w.has(anyUpper) || !safe(v[w.start:w.end]) {
		return 0, 0, None
	}
	hash := w.start - 1
	for hash > compound && is(v, hash-1, digit|anyLower) {
		hash--
	}
	n := w.start - 1 - hash
	if n >= 6 && n <= 10 && byteAt(v, hash-1) == '-' && hash-1 > compound && safe(v[hash:w.start-1]) && (n >= 8 || wordAt(v, hash).digits > 0) {
		return hash, w.end, Pod
	}
	if w.start-1 > compound && (s.has(pod) || s.has(own) && w.digits > 0) {
		return w.start, w.end, Pod
	}
	return 0, 0, None
}

// cronJobAt reads the schedule time in a CronJob's job name: minutes since 1970, which are of eight digits from 1989 to 2160;
// accepted from 2015 (23.6 million) to 2049 (41.5 million), with the suffix of its pod.
func (s *scan) cronJobAt(w word) (int, int, Kind) {
	minutes, _ := numberAt(s.value, w.start, 8)
	if minutes < 23_600_000 || minutes > 41_500_000 {
		return 0, 0, None
	}
	tail := w.end + 1
	if byteAt(s.value, w.end) == '-' {
		if next := wordAt(s.value, tail); next.len() == 5 && safe(s.value[tail:next.end]) {
			return w.start, next.end, Job
		}
	}
	if byteAt(s.value, w.end) == '-' || calendar(s.value, w.start, w.start+4, w.start+6) {
		return 0, 0, None
	}
	return w.start, w.end, Job
}
