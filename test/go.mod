module weir.example/test

go 1.26.0

replace weir.example => ../

require github.com/stretchr/testify v1.12.1 // indirect
