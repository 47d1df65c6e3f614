"""What the keys have in common that containers see in place of the real one."""

KEY_END = "the-real-key-outside"
"""The last 20 characters of every virtual key, by which Claude Code remembers that a key was approved."""
