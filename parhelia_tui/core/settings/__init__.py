"""Configuration files and the paths of the state directory."""
