"""How much of a test set a training has seen: pictures of lesions that are in training too."""

import pandas as pd
from pydantic import BaseModel, ConfigDict

from skinlite.data.split import crossing_lesions


class Leakage(BaseModel):
    """Pictures of the test split whose lesion has other pictures in training or validation."""

    model_config = ConfigDict(frozen=True)

    test_pictures: int
    leaking_pictures: int
    test_melanomas: int
    leaking_melanomas: int
    crossing_lesions: int
    """Lesions on two sides, whichever."""

    def __str__(self) -> str:
        return (
            f"{_share(self.leaking_pictures, self.test_pictures)} test pictures, "
            f"{_share(self.leaking_melanomas, self.test_melanomas)} melanomas"
        )


def measure_leakage(split: pd.DataFrame, frame: pd.DataFrame) -> Leakage:
    """Count what leaks.

    Args:
        split: image_id, lesion_id, split.
        frame: image_id and dx of at least these pictures.
    """
    test = split[split["split"] == "test"]
    seen = set(split.loc[split["split"] != "test", "lesion_id"])
    leaking = test["lesion_id"].isin(seen)
    melanoma = test["image_id"].map(frame.set_index("image_id")["dx"]) == "mel"
    return Leakage(
        test_pictures=len(test),
        leaking_pictures=int(leaking.sum()),
        test_melanomas=int(melanoma.sum()),
        leaking_melanomas=int((leaking & melanoma).sum()),
        crossing_lesions=len(crossing_lesions(split)),
    )


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({part / whole:.0%})" if whole else "0 of 0"
