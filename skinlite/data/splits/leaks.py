"""`Leaks`: whether lesions that judge were trained on; one word for it wherever a figure stands.

Unknown is not zero. Nobody can prove that no lesion is on two sides of a split: what is known are
the lesion ids of a table and pairs of images that were looked at. So "none found" is the best that
is ever claimed, and where nobody could look it says "unknown", and why.
"""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from skinlite.vocabulary import LEAKS_UNKNOWN, LEAKY

State = Literal["none found", "found", "unknown"]


class Leaks(BaseModel):
    """What is known of lesions that judge and were trained or selected on.

    Attributes:
        state: ``found`` makes every score an upper bound, ``unknown`` may.
        reason: how many were found, why it is unknown, or what "none found" rests on.
    """

    model_config = ConfigDict(frozen=True)

    state: State
    reason: str

    @property
    def statement(self) -> str:
        """What it means for a figure, in a sentence; empty where none was found."""
        return {"found": LEAKY, "unknown": LEAKS_UNKNOWN, "none found": ""}[self.state]

    @property
    def warning(self) -> str:
        """The statement with its reason; empty where none was found."""
        return self.statement and f"{self.statement}: {self.reason}"

    @property
    def label(self) -> str:
        """The same in a word or two."""
        return {"found": "leaky", "unknown": "leaks unknown", "none found": ""}[self.state]

    @property
    def mark(self) -> str:
        """The label as it follows a figure: `` (leaky)``, or nothing."""
        return self.label and f" ({self.label})"

    def __str__(self) -> str:
        return f"{self.state} ({self.reason})"


OLDER = Leaks(
    state="unknown",
    reason="made by an older skinlite, which treated each image without a lesion id as a separate "
    "lesion, and did not know of lesions that have two ids",
)
"""Of a file from before there were three values that says ``"leaky": false``."""


class MayLeak(BaseModel):
    """Base of what carries figures.

    Attributes:
        leaky: whether a leak was found, so that every score is an upper bound; as older versions
            write it, which can't tell "none found" from "unknown".
        leaks: what is known.
    """

    leaky: bool = False
    leaks: Leaks = Field(default=OLDER)

    @model_validator(mode="before")
    @classmethod
    def _agree(cls, given: Any) -> Any:
        """Older files have ``leaky`` alone; of two that differ the worse is believed."""
        if not isinstance(given, dict):
            return given
        leaks = Leaks.model_validate(given["leaks"]) if given.get("leaks") else OLDER
        if given.get("leaky") is True and leaks.state != "found":
            leaks = Leaks(state="found", reason=cls._counted(given))
        return given | {"leaks": leaks, "leaky": leaks.state == "found"}

    @classmethod
    def _counted(cls, given: dict[str, Any]) -> str:
        """How many an older file says that there are."""
        return "the number is unknown"
