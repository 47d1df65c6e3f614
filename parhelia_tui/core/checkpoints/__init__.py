"""Checkpoints of workspaces: a content-addressed store, and what is made from it and put back."""
