package orderedremotewriteexporter

// encoder writes requests of one version of remote write.
type encoder interface {
	// encode appends the uncompressed request for samples to dst.
	encode(dst []byte, samples []sample) []byte
	// contentType and version are the headers that announce the format.
	contentType() string
	version() string
}
