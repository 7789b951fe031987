"""`pathgan demo`: the workflow on phantoms, with a few lines that say how far it is."""
