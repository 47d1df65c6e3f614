"""The command line: thin functions over the client."""
