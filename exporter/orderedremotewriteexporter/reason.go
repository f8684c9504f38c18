package orderedremotewriteexporter

// reason says why samples, or exemplars, were dropped.
type reason uint8

const (
	outOfOrder reason = iota
	duplicate
	conflict
	unsupportedType
	unsupportedTemporality
	invalidName
	noTimestamp
	invalidHistogram
	invalidTenant
	tooManyTenants
	nonRetryable
	authFailed
	retriesExceeded
	ioFailure
	partial
	repeated
	tooOld
	atShutdown
	walFull
	walDamaged
	tooLarge
	exemplarLimit
	reasons // how many there are

	none reason = 255
)

var reasonNames = [reasons]string{
	outOfOrder:             "out_of_order",
	duplicate:              "duplicate",
	conflict:               "conflict",
	unsupportedType:        "unsupported_type",
	unsupportedTemporality: "unsupported_temporality",
	invalidName:            "invalid_name",
	noTimestamp:            "no_timestamp",
	invalidHistogram:       "invalid_histogram",
	invalidTenant:          "invalid_tenant",
	tooManyTenants:         "too_many_tenants",
	nonRetryable:           "non_retryable",
	authFailed:             "auth",
	retriesExceeded:        "retries_exceeded",
	ioFailure:              "io_failure",
	partial:                "partial",
	repeated:               "repeated",
	tooOld:                 "too_old",
	atShutdown:             "shutdown",
	walFull:                "wal_full",
	walDamaged:             "wal_damaged",
	tooLarge:               "too_large",
	exemplarLimit:          "exemplar_limit",
}

func (r reason) String() string { return reasonNames[r] }
