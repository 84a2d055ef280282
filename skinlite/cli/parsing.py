"""Between command line and library: texts of options to settings, names of settings to flags."""

import ast
import os
import re
import shlex
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from skinlite.errors import InputError

if TYPE_CHECKING:
    from skinlite_export.recipe import Gates

FLAGS = {
    "calibration_pictures": "--calibration-images",
    "epoch_pictures": "--epoch-images",
    "explain_error": "skinlite export --explain-error",
    "fine_tuning": "--fine-tuning-epochs",
    "gates=None": "--gates off",
    "install_runtime": "skinlite serve --install-runtime",
    "kits": "--kit",
    "localization": "--site",
    "logits=False": "--probabilities",
    "operating_points": "--operating-point",
    "resume": "skinlite train --resume",
    "rewrites=()": "--rewrites none",
    "run": "--model",
}
"""Settings whose flag has another name, or is shown with its command."""

SETTING = re.compile(r"`([a-z][a-z0-9_]*)(?:=([^`]+))?`")
"""A setting in a message of the library, in Python's form: `` `quantize='int8'` ``."""


def as_flags(message: str) -> str:
    """A message of the library with the flags of the command line in place of its settings.

    The library names a setting as Python does, in backticks: `` `integer_only=True` ``. Here that
    is ``--integer-only``, and `` `keep_float=('a', 'b')` `` is ``--keep-float a,b``.
    """
    return SETTING.sub(_as_flag, message)


def _as_flag(setting: re.Match[str]) -> str:
    name, value = setting.groups()
    if value and f"{name}={value}" in FLAGS:
        return FLAGS[f"{name}={value}"]
    flag = FLAGS.get(name, f"--{name.replace('_', '-')}")
    return flag if value in (None, "True") else f"{flag} {shlex.quote(_as_typed(value))}"


def _as_typed(value: str) -> str:
    """A value of Python as the command line takes it."""
    try:
        read = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return value  # a path, or a word such as FILE
    if isinstance(read, tuple):
        size = all(isinstance(part, int) for part in read)
        return ("x" if size else ",").join(map(str, read))
    return str(read)


def parse_names(text: str) -> tuple[str, ...]:
    """The names in ``NAME,...``, each once."""
    return tuple(dict.fromkeys(name.strip() for name in text.split(",") if name.strip()))


def parse_kits(text: str) -> tuple[str, ...]:
    """The kits in ``NAME,...``; none of an empty text.

    Raises:
        InputError: there is no such kit.
    """
    from skinlite_export.bundle.kits import KITS

    names = parse_names(text)
    for name in names:
        if name not in KITS:
            raise InputError(
                f"There is no kit {name!r}. --kit needs one or more of {', '.join(KITS)}, "
                "separated by commas."
            )
    return names


def parse_rewrites(text: str) -> tuple[str, ...]:
    """The names in ``all``, ``none``, ``NAME,...`` or ``all,-NAME,...``, in the order of applying.

    Raises:
        InputError: an unknown name; the message lists them.
    """
    from skinlite_export.rewrites.registry import ALL

    if text == "none":
        return ()
    first, *others = (name.strip() for name in text.split(","))
    but = first == "all"
    known = {f"-{name}" if but else name: name for name in ALL}
    asked = others if but else [first, *others]
    for name in asked:
        if name not in known:
            raise InputError(
                f"There is no rewrite {name!r}. Choose all, none, NAME,... or all,-NAME,... (all "
                f"except these), from: {', '.join(ALL)}."
            )
    named = {known[name] for name in asked}
    return tuple(name for name in ALL if (name in named) != but)


def class_codes(text: str | None) -> list[str] | None:
    """The codes of ``benign,malignant``; None where nothing was given."""
    return None if text is None else text.split(",")


def column_names(text: str | None) -> tuple[str, ...]:
    """The columns of ``itch,diameter_1``; none where nothing was given."""
    return () if text is None else tuple(name.strip() for name in text.split(","))


def parse_metadata(pairs: list[str]) -> dict[str, str | float | bool]:
    """The values of ``--metadata itch=yes --metadata diameter_1=6``, by column.

    Raises:
        InputError: one is not of that form, or a column comes twice.
    """
    values: dict[str, str | float | bool] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name or name in values:
            raise InputError(
                f"--metadata {pair!r}: give COLUMN=VALUE, such as itch=true, each column once."
            )
        values[name] = value
    return values


def parse_size(text: str | None) -> tuple[int, int] | None:
    """Height and width in ``HEIGHTxWIDTH``.

    Raises:
        InputError: it is not of that form.
    """
    if text is None:
        return None
    height, _, width = text.lower().partition("x")
    if not (height.isdecimal() and width.isdecimal()):
        raise InputError(
            f"--resize-in-graph {text!r} isn't HEIGHTxWIDTH in pixels, such as 450x600."
        )
    return int(height), int(width)


def parse_points(texts: Sequence[str] | None) -> dict[str, float] | None:
    """Sensitivity by operating point in ``POINT:SENSITIVITY,...``; none of ``off``.

    Args:
        texts: one, or more where the option was given several times.

    Raises:
        InputError: it isn't so written, or a sensitivity isn't between 0 and 1.
    """
    if not texts:
        return None
    text = ",".join(texts)
    if text == "off":
        return {}
    points: dict[str, float] = {}
    for pair in text.split(","):
        name, _, asked = (part.strip().lower() for part in pair.rpartition(":"))
        try:
            sensitivity = float(asked)
        except ValueError:
            sensitivity = 0
        if not name or not 0 < sensitivity < 1 or name in points:
            raise InputError(
                f"--operating-point {text!r} can't be read at {pair!r}. Give off, or a class and "
                "the sensitivity that it is to have, each once, such as mel:0.95,malignant:0.90."
            )
        points[name] = sensitivity
    return points


def parse_gates(text: str) -> "Gates | None":
    """The gates in ``on``, ``off``, a TOML file, or ``NAME=LIMIT,...`` over the defaults.

    Raises:
        InputError: an unknown gate or a limit that is none; the message lists the gates.
    """
    from pydantic import ValidationError

    from skinlite.files.read_write import read_regular
    from skinlite_export.recipe import Gates

    if text in ("on", "off"):
        return Gates() if text == "on" else None
    try:
        limits: dict[str, Any]
        if os.path.exists(text):  # noqa: PTH110  False of a text that is too long for a name
            limits = tomllib.loads(read_regular(Path(text)).decode())
        else:
            limits = dict(pair.split("=", 1) for pair in text.replace(" ", "").split(","))
        return Gates.model_validate(limits)
    except (ValueError, ValidationError) as error:
        names = ", ".join(f"{name}={field.default}" for name, field in Gates.model_fields.items())
        raise InputError(
            f"--gates {text!r} can't be read. Use on, off, a TOML file, or limits such as: {names}."
        ) from error
