"""What a container may reach: the metered API and, where it is allowed, other hosts. One process for each."""
