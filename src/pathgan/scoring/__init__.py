"""From image sets to a tidy score table: one file per kind of score."""
