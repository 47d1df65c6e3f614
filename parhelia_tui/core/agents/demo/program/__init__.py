"""The demo agent's program. It runs in containers from this folder alone, with the standard library of a Python
from 3.9 on; so its parts import each other by relative names, and nothing else of Parhelia."""
