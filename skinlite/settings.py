"""`validated`: settings objects from texts and numbers that somebody typed."""

from typing import TYPE_CHECKING, Any, TypeVar

from skinlite.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")


def validated(kind: type[T], settings: dict[str, Any]) -> T:
    """Build a settings object.

    Raises:
        InputError: names the field, its value and what it may be.
    """
    from pydantic import ValidationError

    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        field = f"`{first['loc'][0]}` {first['input']!r}: " if first["loc"] else ""
        told = first["msg"].removeprefix("Value error, ")  # pydantic's, before ours
        raise InputError(f"{field}{told}.") from error
