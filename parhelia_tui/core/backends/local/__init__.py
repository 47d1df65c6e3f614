"""Containers on this machine: tmux, the shim and bubblewrap."""
