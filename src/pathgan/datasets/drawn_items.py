"""Phantom fields as items of a dataset."""

from __future__ import annotations

from pathgan.datasets.items import Item
from pathgan.datasets.mask_files import relabel
from pathgan.phantoms.fields import Field


def drawn_item(index: int, field: Field, category: str) -> Item:
    """The `index`-th field of a set."""
    return Item(f"phantom{index:04d}", field.image, relabel(field.instances), "procedural", category)
