"""Losses as pure functions of tensors; the number of the equation stands above each."""
