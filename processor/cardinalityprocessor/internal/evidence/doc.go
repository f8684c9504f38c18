// Package evidence measures how the values of each (metric, label) behave over
// time: distinct values in the last minute, hour and day, heavy hitters,
// singletons, new values and entropy. It decides nothing.
//
// A label with more than 1000 observations in a second is measured from samples from
// then on, except for its distinct values.
//
// Every structure is bounded. A label below 256 values is counted exactly; above
// that it has one staircase sketch for its three windows, one table of heavy
// hitters, and a part in two shared structures: the counts of its metric and the
// memory of values seen. Time comes only through arguments, in whole seconds.
package evidence
