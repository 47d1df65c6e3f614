"""A scripted agent that behaves like a coding agent, so that everything can be tried without an account."""
