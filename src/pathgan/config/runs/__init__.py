"""One file a family of models: its options, what it is made with, what it reads and leaves, and what can be wrong."""
