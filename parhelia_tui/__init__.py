"""Parhelia: a live fleet of coding agents in isolated containers, on one terminal screen."""

__version__ = "0.1.0"
