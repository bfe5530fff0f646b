"""The `labkit` command: parse, call one function, print."""
