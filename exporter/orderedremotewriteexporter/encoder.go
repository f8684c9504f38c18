package orderedremotewriteexporter

// encoder writes requests of one version of remote write.
type encoder interface {
	// encode appends the uncompressed request for samples to dst.
	encode(dst []byte, samples []sample) []byte
}

// format is one way to write a request.
type format struct {
	protocol    string // protocol1 or protocol2
	compression string
}

func (f format) contentType() string {
	if f.protocol == protocol2 {
		return "application/x-protobuf;proto=io.prometheus.write.v2.Request"
	}
	return "application/x-protobuf"
}

// version is the value of X-Prometheus-Remote-Write-Version.
func (f format) version() string {
	if f.protocol == protocol2 {
		return "2.0.0"
	}
	return "0.1.0"
}

func (f format) String() string { return "remote write " + f.protocol + ", " + f.compression }
