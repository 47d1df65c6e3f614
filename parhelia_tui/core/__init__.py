"""Parhelia's core: everything but the fronts."""
