// Package supersede decides which incarnation owns an output when labels that only name incarnations (an attempt, a
// container, a run) are taken away: of the series that become equal one at a time may write.
//
// It is a state machine. A call's sightings are encoded into one record; the record is logged, then applied; Apply
// decides; only then points pass, by Verdict. State depends on nothing but the records, so it is the same after a
// restart.
//
// The record is logged BEFORE the points pass, hence a crash at any instruction is harmless. Before the append, nothing
// of the call has happened. After it, the log may know of samples that were never passed on: the owner's last sample is
// then put too late, never too early, so a later owner begins after it all the more; and the source's retry of the very
// same points passes, for an owner is held only against samples of those before it. What passed without being in the
// log, as with `fsync: interval` after a power loss, is the one case in which a start may lie before the last sample.
package supersede
