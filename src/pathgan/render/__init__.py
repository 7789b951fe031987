"""Tables and figures from scores and images; nothing here loads torch."""
