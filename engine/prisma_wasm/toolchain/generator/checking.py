"""How `prisma-wasm doctor` asks the generator about a schema; apart, for it loads no client."""

# The variable that makes a run of the generator write nothing.
CHECK_VARIABLE = "PRISMA_WASM_CHECK"
