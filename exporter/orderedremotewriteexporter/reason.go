package orderedremotewriteexporter

// reason says why samples were dropped.
type reason uint8

const (
	outOfOrder reason = iota
	duplicate
	conflict
	unsupportedType
	unsupportedTemporality
	invalidName
	noTimestamp
	nonRetryable
	retriesExceeded
	atShutdown
	reasons // how many there are
)

var reasonNames = [reasons]string{
	outOfOrder:             "out_of_order",
	duplicate:              "duplicate",
	conflict:               "conflict",
	unsupportedType:        "unsupported_type",
	unsupportedTemporality: "unsupported_temporality",
	invalidName:            "invalid_name",
	noTimestamp:            "no_timestamp",
	nonRetryable:           "non_retryable",
	retriesExceeded:        "retries_exceeded",
	atShutdown:             "shutdown",
}

func (r reason) String() string { return reasonNames[r] }
