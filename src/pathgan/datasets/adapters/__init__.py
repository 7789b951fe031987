"""One file per kind of dataset: its options, how it finds its files, and how it reads its masks."""
