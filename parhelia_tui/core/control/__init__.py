"""The controller: the one process that acts."""
