"""`polygons`: random masks of nucleus-like polygons, without images (Hou et al. 2019)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.dataset_types import Example, PreparedDataset
from pathgan.config.polygon_options import Polygons

if TYPE_CHECKING:
    from pathgan.config.papers import Paper
    from pathgan.stores.dataset_counts import Counts


class PolygonDataset(Polygons, PreparedDataset):
    """Nucleus-like polygons (Hou et al. 2019); lengths are given at 400 px and rescaled to `size_px`."""

    adapter: Literal["polygons"]
    has_images: ClassVar[bool] = False

    @property
    def example(self) -> str:
        return self.like or ""

    def prepare(self, data_root: Path, store: Path, manifest: Path, example: Example | None = None) -> Counts:
        """Writes the random masks as a store without images, as large and as many as those of the example."""
        from pathgan.masks.polygon_maps import fitted, polygon_masks
        from pathgan.stores.manifest import read_manifest, rows_of_split, write_manifest
        from pathgan.stores.store import ImageStore, write_store

        like = None
        if example:
            with ImageStore(example[0]) as masks:
                like = fitted(self, masks.instances(rows_of_split(read_manifest(example[1]), "train", str(example[1]))))
        ids = [f"polygons{index:05d}" for index in range(self.n_images)]
        n = write_store(store, ids, instances=polygon_masks(self, like))
        write_manifest(
            manifest, [{"id": name, "source": "procedural", "split": "train", "x": 0, "y": 0} for name in ids]
        )
        return {"masks": n}

    def problems(self, where: str, paper: Paper) -> Iterator[str]:
        if self.like:
            yield from paper.check(f"{where}.like", self.like, paper.annotated, "dataset with masks")
