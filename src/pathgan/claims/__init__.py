"""Claims of the papers: paired differences, verdicts, and the papers' printed numbers against themselves."""
