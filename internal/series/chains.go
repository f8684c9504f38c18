package series

// Chains hold what shares a hash under it; what is looked for is compared in full.

func chainsLen[E any](chains map[uint64][]E) int {
	n := 0
	for _, chain := range chains {
		n += len(chain)
	}
	return n
}

// sweepChains removes the entries for which keep is false.
func sweepChains[E any](chains map[uint64][]E, keep func(E) bool) {
	for h, chain := range chains {
		kept := chain[:0]
		for _, e := range chain {
			if keep(e) {
				kept = append(kept, e)
			}
		}
		clear(chain[len(kept):])
		if chains[h] = kept; len(kept) == 0 {
			delete(chains, h)
		}
	}
}
