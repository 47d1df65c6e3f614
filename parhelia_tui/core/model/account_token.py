"""Tokens of an account, whose subscription pays instead of money."""

OF_ACCOUNT = "sk-ant-oat"
"""How the tokens begin that an account's owner signs in with (`claude setup-token`)."""
