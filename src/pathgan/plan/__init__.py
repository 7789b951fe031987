"""Which file needs which: what the rules ask before any job starts."""
