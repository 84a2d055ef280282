"""What the pictures were that a network learned from and was judged by: `Data`, in the manifest."""

from skinlite.data.division import SplitInfo
from skinlite.data.patient import Field
from skinlite_export.signature import Record


class Side(Record):
    """One side of the split.

    Attributes:
        labels: pictures by class, then by where the label comes from (the table's ``dx_type``;
            ``not stated`` where it has none).
        sexes: pictures by sex.
        without_age: pictures whose patient's age isn't told.
    """

    pictures: int
    lesions: int
    labels: dict[str, dict[str, int]]
    sexes: dict[str, int]
    without_age: int


class Data(Record):
    """The data set under its split.

    Attributes:
        sources: pictures by the table's column ``dataset``.
        split: its kind, and what leaks in it.
        sides: train, validation, test.
        untold: fields of the patient that no training picture's table tells: the network learned
            nothing of them.
    """

    sources: dict[str, int]
    split: SplitInfo
    sides: dict[str, Side]
    untold: tuple[Field, ...] = ()
