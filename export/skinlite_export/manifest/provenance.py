"""What the images were that a network learned from and was judged by: `Data`, in the manifest."""

from pydantic import Field as Described

from skinlite.data.patient import Field
from skinlite.data.splits.split_protocols import SplitInfo
from skinlite_export.runtime.signature import Record


class Side(Record):
    """One side of the split.

    Attributes:
        lesions: as far as they are known; an image of an unknown lesion counts as one.
        lesions_unknown: such images; None where an older version didn't count them.
        labels: images by class, then by where the label comes from (the table's ``dx_type``;
            ``not stated`` where it has none).
        sexes: images by sex.
        without_age: images whose patient's age isn't told.
    """

    pictures: int
    lesions: int
    labels: dict[str, dict[str, int]]
    sexes: dict[str, int]
    without_age: int
    lesions_unknown: int | None = None

    @property
    def known_lesions(self) -> str:
        """How many lesions, in words: never an image for a lesion."""
        unknown = self.lesions_unknown
        if not unknown:
            return f"{self.lesions:,}"
        if unknown >= self.pictures:
            return "unknown"
        return f"at most {self.lesions:,} (unknown for {unknown:,} images)"


class Data(Record):
    """The data set under its split.

    Attributes:
        sources: images by the table's column ``dataset``.
        split: its kind, and what leaks in it.
        sides: train, validation, test.
        untold: fields of the patient that no training image's table tells: the network learned
            nothing of them.
        label_column: where labels were read from; None where the data set's layout said it.
        label_map: class by label, where a mapping file said it.
        metadata_columns: that the network takes beside age, sex and site; ``none``: it takes no
            metadata.
    """

    sources: dict[str, int]
    split: SplitInfo
    sides: dict[str, Side]
    untold: tuple[Field, ...] = ()
    label_column: str | None = None
    label_map: dict[str, str] | None = None
    metadata_columns: tuple[str, ...] = Described((), exclude_if=lambda names: not names)
