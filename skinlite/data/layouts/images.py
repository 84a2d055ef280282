"""Find the images below a data set's folder, at any depth, and what could be taken for one."""

import filecmp
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from skinlite.data.layouts.text import IMAGE_SUFFIXES
from skinlite.data.packed import SUFFIX, can_unpack, is_packed, names_in, sha256_of_image

MASKS = re.compile("mask|segmentation|superpixel", re.IGNORECASE)
"""In the name of a folder below the data set's: what is in there are no images of lesions."""

UNREAD_SUFFIXES = {".dcm", ".dicom", ".heic", ".heif", ".gif", ".jp2", ".npy", ".raw", ".dng"}
ARCHIVE_SUFFIXES = {".zip", ".tar", ".tgz", ".gz", ".7z", ".rar", SUFFIX}


@dataclass(frozen=True)
class Found:
    """What lies below a folder; each by its file stem, which is an image's id.

    Attributes:
        images: every file that can be one, shallow ones first, then by path.
        masks: one file of that name in a folder of masks.
        unread: one in a format that isn't read.
        archives: packed files, such as ``HAM10000_images_part_1.zip``; HDF5 files only where h5py
            is missing.
    """

    images: dict[str, list[Path]] = field(default_factory=dict)
    masks: dict[str, Path] = field(default_factory=dict)
    unread: dict[str, Path] = field(default_factory=dict)
    archives: list[Path] = field(default_factory=list)

    @property
    def pictures(self) -> dict[str, Path]:
        """One image of each id."""
        return {name: paths[0] for name, paths in self.images.items()}


def find_images(root: Path, *, packed: bool = False) -> Found:
    """Look through a folder. Hidden folders and macOS's ``__MACOSX`` and ``._X`` are left out.

    Args:
        root: the folder.
        packed: whether images inside of HDF5 files are listed, too.
    """
    found = Found()
    inside: list[Path] = []
    for folder, names in sorted(_files(root), key=lambda row: (len(row[0].parts), row[0])):
        masks = MASKS.search(str(folder.relative_to(root)))
        for name in sorted(names):
            path = folder / name
            stem, suffix = path.stem, path.suffix.lower()
            if suffix in IMAGE_SUFFIXES:
                if masks:
                    found.masks.setdefault(stem, path)
                else:
                    found.images.setdefault(stem, []).append(path)
            elif suffix in UNREAD_SUFFIXES:
                found.unread.setdefault(stem, path)
            elif suffix == SUFFIX and can_unpack():
                inside.append(path)
            elif suffix in ARCHIVE_SUFFIXES:
                found.archives.append(path)
    for path in inside if packed else []:
        for name in names_in(path):
            found.images.setdefault(name, []).append(path / name)
    return found


def differ(paths: list[Path]) -> bool:
    """Whether files of one name hold different bytes; copies of one file are as good as one."""
    first, *others = paths
    return any(_is_other(first, path) for path in others)


def _is_other(one: Path, other: Path) -> bool:
    if is_packed(one) or is_packed(other):
        return sha256_of_image(one) != sha256_of_image(other)
    return not one.samefile(other) and not filecmp.cmp(one, other, shallow=False)


def _files(root: Path) -> Iterator[tuple[Path, list[str]]]:
    """Every folder with its files, also behind links to folders, which come last; none twice."""
    seen: set[tuple[int, int]] = set()
    for folder, below, names in os.walk(root, followlinks=True):
        state = Path(folder).stat()
        if (state.st_dev, state.st_ino) in seen:
            below.clear()
            continue
        seen.add((state.st_dev, state.st_ino))
        shown = [name for name in below if not name.startswith((".", "__MACOSX"))]
        below[:] = sorted(shown, key=lambda name: (Path(folder, name).is_symlink(), name))
        yield Path(folder), [name for name in names if not name.startswith(".")]
