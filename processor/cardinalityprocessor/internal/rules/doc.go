// Package rules says what becomes of labels: it compiles the rules of the configuration and applies them to attribute
// maps. It knows nothing of points, owners or totals.
//
// In data order: a Rule is what the configuration says; Compile makes a Set of them; Set.Program picks the rules that
// concern a metric of a resource; Program.Rewrite tells what these change about one attribute map.
package rules
