package detect

import "strings"

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
	if s.has(set) && w.len() >= 8 && w.len() <= 10 && w.end == len(v) && byteAt(v, w.start-1) == '-' && w.start-1 > compound && safe(v[w.start:]) {
		return w.start, w.end, Pod
	}
	if w.len() == 8 && w.only(digit|lowerHex) && strings.HasPrefix(v[compound:], "gke-") {
		return gkeNodeAt(v, w)
	}
	if w.len() == 10 && v[w.start:w.start+4] == "vmss" && w.digits() >= 3 && byteAt(v, w.start-1) == '-' {
		return w.start + 4, w.end, Hex // an instance of a scale set of Azure, six digits of base 36
	}
	if w.classes == digit && w.len() >= 9 && w.len() <= 10 && s.has(pod) && byteAt(v, w.start-1) == '-' && w.start-1 > compound {
		return podBehind(v, w)
	}
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
	if n >= 6 && n <= 10 && byteAt(v, hash-1) == '-' && hash-1 > compound && safe(v[hash:w.start-1]) && (n >= 8 || wordAt(v, hash).digits() > 0) {
		return hash, w.end, Pod
	}
	if w.start-1 > compound && (s.has(pod) || s.has(own) && w.digits() > 0) {
		return w.start, w.end, Pod
	}
	return 0, 0, None
}

// podBehind recognises the hash of a ReplicaSet that is a number, as Kubernetes wrote it before 1.9, and the suffix of its pod.
func podBehind(v string, w word) (int, int, Kind) {
	if next := wordAt(v, min(w.end+1, len(v))); byteAt(v, w.end) == '-' && next.len() == 5 && byteAt(v, next.end) != '-' && safe(v[next.start:next.end]) {
		return w.start, next.end, Pod
	}
	return 0, 0, None
}

// gkeNodeAt recognises the end of a node's name on GKE, behind those of cluster and pool: the hash of its instance group and
// four letters or digits.
func gkeNodeAt(v string, w word) (int, int, Kind) {
	next := wordAt(v, min(w.end+1, len(v)))
	if byteAt(v, w.start-1) != '-' || byteAt(v, w.end) != '-' || next.len() != 4 || next.has(anyUpper) || byteAt(v, next.end) == '-' {
		return 0, 0, None
	}
	return w.start, next.end, Hex
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
