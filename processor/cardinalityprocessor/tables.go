package cardinalityprocessor

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"weir.example/internal/flinkname"
)

// builtinTable is the name of the table that needs no file.
const builtinTable = "flink"

// openTable reads the table of that name. Its errors name the file, and the line where there is one.
func openTable(name string) (*flinkname.Table, error) {
	if name == builtinTable {
		return flinkname.Flink(), nil
	}
	if name == "" {
		return nil, fmt.Errorf("must be %s or the path of a CSV file (got %q)", builtinTable, name)
	}
	file, err := os.Open(name)
	if err != nil {
		// The path stands in the message already.
		if pathError, ok := errors.AsType[*fs.PathError](err); ok {
			err = pathError.Err
		}
		return nil, fmt.Errorf("cannot read table %q: %w (allowed: %s or the path of a CSV file)", name, err, builtinTable)
	}
	defer file.Close()
	return flinkname.ReadTable(file, name)
}
