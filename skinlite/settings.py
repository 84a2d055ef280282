"""`validated`: settings objects from a command line's flags."""

from typing import TYPE_CHECKING, Any, TypeVar

from skinlite.errors import InputError

if TYPE_CHECKING:
    from pydantic import BaseModel

T = TypeVar("T", bound="BaseModel")


def validated(kind: type[T], settings: dict[str, Any]) -> T:
    """Build a settings object from flags.

    Raises:
        InputError: names the flag, its value and what it may be.
    """
    from pydantic import ValidationError

    try:
        return kind.model_validate(settings)
    except ValidationError as error:
        first = error.errors()[0]
        flag = str(first["loc"][0]).replace("_", "-") if first["loc"] else "flags"
        raise InputError(f"--{flag} {first['input']!r}: {first['msg']}.") from error
