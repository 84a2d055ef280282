"""Which feed is whose: how files of others take their images, by a feed.json or as users say."""

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path
from typing import get_args

from skinlite.errors import InputError
from skinlite.files.read_write import read_json
from skinlite_benchmarks.candidates.entry import Entry
from skinlite_benchmarks.candidates.third_party import check_feed
from skinlite_export.inspect.feeds import AFFINE, size_of
from skinlite_export.inspect.opened import Opened
from skinlite_export.inspect.record import Channels, Feed, Geometry, Inspection
from skinlite_export.inspect.scores import USUAL_SIZE

PIXELS = (*AFFINE, "z-score")
"""Ranges that a name says all of; ``z-score-data`` has its numbers in a feed.json."""


@dataclass(frozen=True)
class Declared:
    """How a file is fed, as its user says; all of it, or nothing.

    Attributes:
        classes: by output.
        pixels: one of `PIXELS`.
        channels: RGB or BGR.
        geometry: crop or stretch.
        antialias: whether the resize averages, as Pillow's does.
    """

    classes: tuple[str, ...] = ()
    pixels: str = ""
    channels: str = ""
    geometry: str = ""
    antialias: bool = False

    def __bool__(self) -> bool:
        return any(astuple(self))

    def check(self) -> None:
        """Refuse what is incomplete, or no such value.

        Raises:
            InputError: so it is; the message says what there is.
        """
        needed = ("classes", "pixels", "channels", "geometry")
        missing = [f"`{name}`" for name in needed if not getattr(self, name)]
        if missing:
            raise InputError(
                f"How a file is fed needs {', '.join(missing)} too: nothing of it can be guessed. "
                "skinlite inspect FILE --data DIR --feed feed.json finds it."
            )
        offered = {
            "pixels": PIXELS,
            "channels": get_args(Channels),
            "geometry": get_args(Geometry),
        }
        for name, choices in offered.items():
            if getattr(self, name) not in choices:
                raise InputError(
                    f"`{name}` {getattr(self, name)!r}: choose from {', '.join(choices)}."
                )

    def feed(self, path: Path, found: Inspection) -> Feed:
        """As the feed of a file.

        Raises:
            InputError: see `check`, and `check_feed`.
        """
        self.check()
        opened = Opened(found, lambda values: values)
        if reason := opened.refusal():
            raise InputError(f"{path} can't be judged by images. {reason}")
        (image,) = opened.images
        height, width = size_of(image) or (USUAL_SIZE, USUAL_SIZE)
        mean, std = AFFINE.get(self.pixels, (None, None))
        return Feed.model_validate(
            {
                "pixels": self.pixels,
                "mean": mean,
                "std": std,
                "channels": self.channels,
                "layout": image.layout,
                "geometry": self.geometry,
                "antialias": self.antialias,
                "height": height,
                "width": width,
                "classes": self.classes,
                "logits": found.scores == "logits",
                "sha256": found.sha256,
            }
        )


def feeds_of(
    entries: Sequence[Entry], files: Iterable[Path], declared: Declared | None = None
) -> tuple[Feed, ...]:
    """Feeds that name their files.

    Args:
        entries: who takes part, the baseline too.
        files: each a feed.json. One that names no file is that of the only file without a feed.
        declared: likewise.

    Raises:
        InputError: a feed of another file, two of one, or of nobody knows which.
    """
    theirs = {one.contestant.sha256: one for one in entries if one.inspection}
    ours = {one.contestant.sha256: one for one in entries if not one.inspection}
    found: dict[str, Feed] = {}
    loose: list[tuple[str, Feed | Declared]] = [("What is declared", declared)] if declared else []
    for file in files:
        feed = read_json(Feed, file)
        if not feed.sha256:
            loose.append((str(file), feed))
        elif feed.sha256 in ours:
            raise InputError(
                f"{file} is the feed of {ours[feed.sha256].path}, which skinlite made and knows "
                "how to feed. Leave it out; for its accuracy give its run with --model, or its "
                "bundle."
            )
        elif feed.sha256 not in theirs:
            names = ", ".join(str(one.path) for one in theirs.values())
            raise InputError(
                f"{file} is the feed of another file, of SHA-256 {feed.sha256[:16]}...: it isn't "
                f"that of {names or 'any file here'}. Write one with skinlite inspect."
            )
        elif feed.sha256 in found:
            raise InputError(f"{file} is a second feed of {theirs[feed.sha256].path}. Give one.")
        else:
            found[feed.sha256] = feed
    for source, one in loose:
        free = [entry for sha256, entry in theirs.items() if sha256 not in found]
        if len(free) != 1:
            names = " or ".join(str(entry.path) for entry in free) or "no file here"
            raise InputError(
                f"{source} is how one file is fed, and {names} could be meant. Write a feed.json "
                "for each with skinlite inspect: it names its file by SHA-256."
            )
        (entry,) = free
        assert entry.inspection
        sha256 = entry.contestant.sha256
        if isinstance(one, Declared):
            found[sha256] = one.feed(entry.path, entry.inspection)
        else:
            found[sha256] = one.model_copy(update={"sha256": sha256})
    return tuple(found.values())


def with_feeds(entries: Sequence[Entry], feeds: Iterable[Feed]) -> list[Entry]:
    """The entries, each with its feed.

    Raises:
        InputError: a feed that doesn't fit its file (`check_feed`).
    """
    by_file = {feed.sha256: feed for feed in feeds}
    return [_with_feed(entry, by_file.get(entry.contestant.sha256)) for entry in entries]


def _with_feed(entry: Entry, feed: Feed | None) -> Entry:
    if feed is None or entry.inspection is None:
        return entry
    check_feed(entry.path, entry.inspection, feed)
    contestant = entry.contestant.model_copy(update={"feed": feed})
    return replace(entry, contestant=contestant)
