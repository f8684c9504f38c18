// Package template turns values that hold identifiers into the few templates they were made from: /users/42 and /users/43 into
// /users/{id}, SQL into SQL without literals.
//
//	form.go   what a value is: a path, a URL, SQL, a key with colons, a message, or plain text
//	text.go   the identifiers that package detect found become placeholders, and the numbers beside them too
//	path.go   segments of paths and the values of query parameters
//	sql.go    literals of SQL, by github.com/DataDog/go-sqllexer
//	miner.go  what no typed token explains: positions of a label's values that hold ever new words
//
// Templates are fixed points: what already is a route template (/users/:id, {id}, <id>) or parameterised SQL stays as it is.
package template
