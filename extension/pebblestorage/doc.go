//go:generate mdatagen metadata.yaml

// Package pebblestorage keeps the state of components on disk, in a Pebble database. It implements the collector's
// storage interface, so that queues, receivers and processors can use it by name.
//
//	extension.go  start, clients, shutdown
//	client.go     the operations of one component: get, set, delete, batch, walk
//	key.go        keys that no two clients share
//	logs.go       directories for logs that components keep themselves
//	store.go      the database while it is open, and what becomes of it when it fails
//	room.go       how much disk it may take
//	open.go       opening; what cannot be read is set aside
//	disk.go       when what is written is forced to the disk
package pebblestorage
