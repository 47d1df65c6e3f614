"""The one door between the fronts and everything else."""
