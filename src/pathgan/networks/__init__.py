"""Architectures only: tensors in, tensors out; no loss, no data, no device."""
