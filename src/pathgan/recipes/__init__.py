"""How one family of models trains, and nothing else."""
