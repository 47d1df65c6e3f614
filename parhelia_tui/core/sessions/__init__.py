"""tmux servers, live terminals and attaching."""
