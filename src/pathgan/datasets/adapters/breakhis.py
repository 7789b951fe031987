"""`breakhis`: H&E images of breast tumours (Spanhol et al. 2016)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Literal

from pathgan.config.strict import Some
from pathgan.datasets.image_dataset import PlainDataset, images_in
from pathgan.datasets.items import Pair
from pathgan.errors import DataError

# SOB_B_A-14-22549AB-400-001.png: procedure, class, type, year, patient with section letters, magnification, number
NAME = re.compile(r"^SOB_[BM]_[A-Z]+-\d+-(?P<patient>\d+)[A-Z]*-\d+-\d+$")


class BreakHisDataset(PlainDataset):
    """BreakHis of Spanhol et al.: class, patient and magnification are in the name of a file."""

    adapter: Literal["breakhis"]
    classes: Some[Literal["benign", "malignant"]] = ("benign", "malignant")
    magnification: Literal["40X", "100X", "200X", "400X"] = "400X"

    def find(self, root: Path) -> list[Pair]:
        """`.../{benign,malignant}/SOB/<type>/<slide>/400X/SOB_B_A-14-22549AB-400-001.png`, from any folder above it.

        A patient is the number without the section's letters, so that 13412, filed under two types, is one.
        """
        folder, pairs = root / self.folder, []
        for category in self.classes:
            slides = (path for path in folder.rglob(self.magnification) if category in path.relative_to(folder).parts)
            found = images_in(file for path in slides for file in path.iterdir())
            if not found and folder.is_dir():
                where = f"{folder}/.../{category}/.../{self.magnification}"
                raise DataError(f"{where}: expected images, found none; unpack the whole archive there")
            for image in found:
                named = NAME.match(image.stem)
                if named is None:
                    raise DataError(
                        f"{image}: expected a name like SOB_B_A-14-22549AB-400-001.png (class, type, year, patient, "
                        "magnification, number); give it back its own, or move it away"
                    )
                pairs.append(Pair(image.stem.lower(), image, category=category, patient=named["patient"]))
        return pairs
