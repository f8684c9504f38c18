package lease

// Cut removes all elements of a slice of pdata but the first n: those that a former loan had more.
func Cut[E any, S interface {
	Len() int
	RemoveIf(f func(E) bool)
}](s S, n int) {
	if s.Len() <= n {
		return
	}
	i := 0
	s.RemoveIf(func(E) bool {
		i++
		return i > n
	})
}
