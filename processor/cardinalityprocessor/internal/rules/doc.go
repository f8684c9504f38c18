// Package rules says what becomes of labels: it compiles the rules of the configuration and applies them to attribute
// maps. It knows nothing of points, owners or totals.
//
// In data order: a Rule is what the configuration says, a preset (preset.go) is more of them; Compile makes a Set; Set.Program
// picks the rules that concern a metric of a resource; course.go has those of one label in their order, and asks them
// about a value; Program.Rewrite tells what they change about one attribute map. TextProgram does the same for spans and
// logs, in place. Explain tells which rule decided.
package rules
