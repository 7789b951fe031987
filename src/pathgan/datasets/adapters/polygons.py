"""`polygons`: random masks of nucleus-like polygons, without images (Hou et al. 2019)."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, Literal

from pathgan.config.dataset_types import PreparedDataset
from pathgan.config.polygon_options import Polygons

if TYPE_CHECKING:
    from pathgan.stores.dataset_counts import Counts


class PolygonDataset(Polygons, PreparedDataset):
    """Nucleus-like polygons (Hou et al. 2019); lengths are given at 400 px and rescaled to `size_px`."""

    adapter: Literal["polygons"]
    has_images: ClassVar[bool] = False

    def prepare(self, data_root: Path, store: Path, manifest: Path) -> Counts:
        """Writes the random masks as a store without images."""
        from pathgan.masks.polygon_maps import polygon_masks
        from pathgan.stores.manifest import write_manifest
        from pathgan.stores.store import write_store

        ids = [f"polygons{index:05d}" for index in range(self.n_images)]
        n = write_store(store, ids, instances=polygon_masks(self))
        write_manifest(
            manifest, [{"id": name, "source": "procedural", "split": "train", "x": 0, "y": 0} for name in ids]
        )
        return {"masks": n}
