"""Procedural tissue with exact ground truth, built from parts: textures, stains, nuclei, fields."""
