"""From image sets to a tidy score table: one file a kind of score."""
