"""Where every file came from: what code, settings and bytes made it."""
