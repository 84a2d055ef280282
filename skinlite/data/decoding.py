"""Whether images can be decoded: all of them, or headers and ends of all and a sample decoded."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from skinlite.data.check import Fault
from skinlite.data.preprocessing import check_decoding_of, is_whole_by_header
from skinlite.errors import InputError
from skinlite.process.threads import in_threads

SAMPLE = 1000
"""Images that are decoded at least, spread evenly over the table, where headers suffice."""


@dataclass(frozen=True)
class Decoding:
    """What was looked at, and what is wrong.

    Attributes:
        decoded: images that were decoded, or can't be.
        headers_only: images of which only header and end were read. Whether the rest of such a
            file is damaged is unknown.
        faults: images that can't be decoded.
    """

    decoded: int
    headers_only: int
    faults: list[Fault]

    def __str__(self) -> str:
        if not self.headers_only:
            return f"all {self.decoded:,} images decoded"
        return (
            f"{self.decoded:,} images decoded; of {self.headers_only:,} only header and end, so "
            "that damage inside of them is unknown"
        )


def look(
    paths: Iterable[Path], advance: Callable[[], None] = lambda: None, *, quick: bool = False
) -> Decoding:
    """Decode images, and name those that are truncated or no images at all.

    Args:
        paths: of the images.
        advance: called once an image.
        quick: decode only every so many-th image (`SAMPLE` in all), and those of which header and
            end don't show that they are whole. That finds missing, empty, cut and foreign files.
    """
    listed = list(paths)
    step = max(1, len(listed) // SAMPLE) if quick else 1

    def problem(row: int) -> str | bool:
        """A message, or whether the image was decoded."""
        try:
            if row % step and is_whole_by_header(listed[row]):
                return False
            check_decoding_of(listed[row])
        except InputError as error:
            return str(error)
        finally:
            advance()
        return True

    found = in_threads(problem, range(len(listed)))
    messages = tuple(message for message in found if isinstance(message, str))
    skipped = found.count(False)
    faults = [Fault("image undecodable", "download the file again", messages)] if messages else []
    return Decoding(len(listed) - skipped, skipped, faults)


def check_decoding(
    paths: Iterable[Path], advance: Callable[[], None] = lambda: None
) -> list[Fault]:
    """The faults that `look` finds when it decodes every image."""
    return look(paths, advance).faults
