"""The demo agent's program. It shares with the watcher how the supervisor is told."""
