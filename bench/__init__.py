"""What Parhelia costs, measured: `make bench`."""
