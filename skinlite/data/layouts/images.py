"""Find the images below a data set's folder, at any depth, and what could be taken for one."""

import filecmp
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skinlite.data.layouts.text import IMAGE_SUFFIXES

MASKS = re.compile("mask|segmentation|superpixel", re.IGNORECASE)
"""In the name of a folder below the data set's: what is in there are no images of lesions."""

UNREAD_SUFFIXES = {".dcm", ".dicom", ".heic", ".heif", ".gif", ".jp2", ".npy", ".raw", ".dng"}
ARCHIVE_SUFFIXES = {".zip", ".tar", ".tgz", ".gz", ".7z", ".rar"}


@dataclass(frozen=True)
class Found:
    """What lies below a folder; each by its file stem, which is an image's id.

    Attributes:
        images: every file that can be one, shallow ones first, then by path.
        masks: one file of that name in a folder of masks.
        unread: one in a format that isn't read.
        archives: packed files, such as ``HAM10000_images_part_1.zip``.
    """

    images: dict[str, list[Path]] = field(default_factory=dict)
    masks: dict[str, Path] = field(default_factory=dict)
    unread: dict[str, Path] = field(default_factory=dict)
    archives: list[Path] = field(default_factory=list)

    @property
    def pictures(self) -> dict[str, Path]:
        """One image of each id."""
        return {name: paths[0] for name, paths in self.images.items()}


def find_images(root: Path) -> Found:
    """Look through a folder. Hidden folders and macOS's ``__MACOSX`` and ``._X`` are left out."""
    found = Found()
    for path in sorted(_files(root), key=lambda path: (len(path.parts), path)):
        suffix = path.suffix.lower()
        if suffix in IMAGE_SUFFIXES:
            if MASKS.search(str(path.parent.relative_to(root))):
                found.masks.setdefault(path.stem, path)
            else:
                found.images.setdefault(path.stem, []).append(path)
        elif suffix in UNREAD_SUFFIXES:
            found.unread.setdefault(path.stem, path)
        elif suffix in ARCHIVE_SUFFIXES:
            found.archives.append(path)
    return found


def differ(paths: list[Path]) -> bool:
    """Whether files of one name hold different bytes; copies of one file are as good as one."""
    first, *others = paths
    return any(
        not first.samefile(path) and not filecmp.cmp(first, path, shallow=False) for path in others
    )


def _files(root: Path) -> Iterator[Path]:
    """Every file, also behind links to folders, which come last; no folder twice."""
    seen: set[tuple[int, int]] = set()
    for folder, below, names in os.walk(root, followlinks=True):
        state = Path(folder).stat()
        if (state.st_dev, state.st_ino) in seen:
            below.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        shown = [name for name in below if not name.startswith((".", "__MACOSX"))]
        below[:] = sorted(shown, key=lambda name: (Path(folder, name).is_symlink(), name))
        yield from (Path(folder, name) for name in names if not name.startswith("."))
