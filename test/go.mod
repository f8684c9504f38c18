module weir.example/test

go 1.26.0

replace weir.example => ../

require (
	github.com/stretchr/testify v1.12.1
	weir.example v0.0.0-00010101000000-000000000000
)

require go.yaml.in/yaml/v3 v3.0.5 // indirect
