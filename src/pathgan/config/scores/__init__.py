"""One file per kind of score: its options, what it reads, which metrics it gives, and which runs it is for."""
