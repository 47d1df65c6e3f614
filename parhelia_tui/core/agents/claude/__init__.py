"""Claude Code: found on the user's machine, prepared for a container, watched from beside it."""
