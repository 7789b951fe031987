"""The front page of a preset: every table, figure and claim of all papers in one file that needs no network."""
