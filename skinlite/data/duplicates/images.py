"""List the images of a folder, with what a table says of them where there is one."""

from dataclasses import dataclass
from pathlib import Path

from skinlite.data.layouts.images import find_images
from skinlite.data.layouts.recognize import read_table
from skinlite.data.layouts.tables import find_table, image_paths
from skinlite.data.layouts.text import IMAGE_SUFFIXES
from skinlite.errors import InputError

TABLE_SUFFIXES = {".csv", ".tab", ".tsv"}


@dataclass(frozen=True)
class Image:
    """A file; ``lesion_id`` and ``diagnosis`` are "" where nobody knows."""

    image_id: str
    path: Path
    lesion_id: str = ""
    diagnosis: str = ""


def list_images(source: Path) -> tuple[list[Image], list[str]]:
    """The images of a data set, or of a folder that has no table, in the order of their ids.

    Args:
        source: a data set's folder or table, or any folder with images at any depth.

    Returns:
        The images, and the ids in the table whose image isn't there.

    Raises:
        InputError: no such path, no image, or a table that can't be read.
    """
    if source.is_dir() and not _has_table(source):
        return _without_table(source), []
    table = find_table(source)
    frame = read_table(table)
    if "image_id" not in frame:
        raise InputError(f"{table} lacks the column image_id.")
    pictures = image_paths(table)
    images: dict[str, Image] = {}
    missing = []
    for row in frame.to_dict("records"):
        name = row["image_id"]
        if name not in pictures:
            missing.append(name)
            continue
        # A table that gives each image a lesion of its own says nothing of lesions.
        lesion = row.get("lesion_id", "")
        images[name] = Image(
            name, pictures[name], "" if lesion == name else lesion, row.get("dx", "")
        )
    if not images:
        raise InputError(f"{table}: none of its {len(missing)} images is below its folder.")
    return [images[name] for name in sorted(images)], missing


def _has_table(folder: Path) -> bool:
    """Whether a file looks like a table, in the folder or one below (not ``._`` files of a Mac)."""
    return any(
        path.suffix.lower() in TABLE_SUFFIXES or path.name == "HAM10000_metadata"
        for pattern in ("*", "*/*")
        for path in folder.glob(pattern)
        if not path.name.startswith(".") and path.is_file()
    )


def _without_table(folder: Path) -> list[Image]:
    found = find_images(folder).images
    if not found:
        raise InputError(f"{folder} has no image ({', '.join(sorted(IMAGE_SUFFIXES))}).")
    named = [
        Image(path.relative_to(folder).as_posix() if len(paths) > 1 else name, path)
        for name, paths in found.items()
        for path in paths
    ]
    return sorted(named, key=lambda image: image.image_id)
