"""The command line: a thin edge, one module per command."""
