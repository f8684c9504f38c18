package pebblestorage

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/collector/extension/xextension/storage"
)

// BenchmarkOperations does each operation over 10,000 keys with values of 100 bytes.
func BenchmarkOperations(b *testing.B) {
	keys := make([]string, 10_000)
	for i := range keys {
		keys[i] = fmt.Sprintf("key-%05d", i)
	}
	value := make([]byte, 100)
	for _, fsync := range []string{"never", "interval", "always"} {
		r := newRig(b, b.TempDir(), func(c *Config) { c.Fsync = fsync })
		require.NoError(b, r.Start(ctx, r.host))
		c := r.client(b, "")
		b.Run("set/"+fsync, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				require.NoError(b, c.Set(ctx, keys[i%len(keys)], value))
			}
		})
		b.Run("batch of 100/"+fsync, func(b *testing.B) {
			b.ReportAllocs()
			ops := make([]*storage.Operation, 100)
			for i := 0; b.Loop(); i++ {
				for n := range ops {
					ops[n] = storage.SetOperation(keys[(i*100+n)%len(keys)], value)
				}
				require.NoError(b, c.Batch(ctx, ops...))
			}
		})
		if fsync == "never" {
			b.Run("get", func(b *testing.B) {
				b.ReportAllocs()
				for i := 0; b.Loop(); i++ {
					_, err := c.Get(ctx, keys[i%len(keys)])
					require.NoError(b, err)
				}
			})
		}
		require.NoError(b, r.Shutdown(ctx))
	}
}
