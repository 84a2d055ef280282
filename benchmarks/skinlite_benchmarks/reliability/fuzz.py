"""Malformed files: each is read, or refused with a sentence; nothing else may come of it.

Hypothesis makes the changes: bytes that are flipped, cut, doubled or put in, and in JSON any value
replaced by any other.
"""

import json
import tempfile
import time
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from skinlite.errors import SkinliteError, SkinliteWarning
from skinlite_benchmarks.reliability.targets import Target

SLOW_S = 10.0
"""A file that takes longer to read or refuse counts as mishandled."""

_edits = st.lists(
    st.tuples(
        st.sampled_from(["flip", "cut", "double", "insert", "end"]),
        st.floats(0, 1),
        st.binary(min_size=1, max_size=12),
    ),
    min_size=1,
    max_size=4,
)
_values: st.SearchStrategy[Any] = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["", "\x00", "../../x", "NaN", "1e999", "nv", "mel", "image"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=4,
)


def fuzz(target: Target, times: int, number: int, report: Callable[[str], None]) -> Counter[str]:
    """Hand a reader many malformed files.

    Args:
        target: which file, and who reads it.
        times: how many.
        number: of the random numbers.
        report: told each mishandled one.

    Returns:
        How many were ``read``, ``refused`` and ``mishandled``.
    """
    counts: Counter[str] = Counter()
    changes = st.tuples(_edits, st.lists(st.tuples(st.floats(0, 1), _values), max_size=3))

    @seed(number)
    @settings(
        max_examples=times,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(changes, st.booleans())
    def attempt(change: Any, structured: bool) -> None:
        edits, replaced = change
        if structured and target.is_json and replaced:
            content = _replaced(target.content, replaced)
        else:
            content = _edited(target.content, edits)
        with tempfile.TemporaryDirectory() as place, warnings.catch_warnings():
            warnings.simplefilter("ignore", SkinliteWarning)
            begun = time.monotonic()
            try:
                target.read(Path(place), content)
                counts["read"] += 1
            except SkinliteError as error:
                counts["refused" if str(error).strip() else "mishandled"] += 1
            except Exception as error:
                counts["mishandled"] += 1
                report(f"{target.name}: {type(error).__name__}: {str(error)[:200]}")
            if time.monotonic() - begun > SLOW_S:
                counts["mishandled"] += 1
                report(f"{target.name}: took {time.monotonic() - begun:.0f} s")

    attempt()
    return counts


def _edited(content: bytes, edits: list[tuple[str, float, bytes]]) -> bytes:
    data = bytearray(content)
    for kind, where, junk in edits:
        at = int(where * len(data))
        if kind == "flip" and data:
            data[min(at, len(data) - 1)] ^= junk[0] or 255
        elif kind == "cut":
            del data[at : at + 8 * junk[0]]
        elif kind == "double":
            data[at:at] = data[at : at + 8 * junk[0]]
        elif kind == "insert":
            data[at:at] = junk
        elif kind == "end":
            del data[at:]
    return bytes(data)


def _replaced(content: bytes, replaced: list[tuple[float, Any]]) -> bytes:
    document = json.loads(content)
    for where, value in replaced:
        places = list(_places(document))
        if places:
            container, key = places[min(int(where * len(places)), len(places) - 1)]
            container[key] = value
    return json.dumps(document).encode()


def _places(node: Any) -> Any:
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in list(pairs):
        yield node, key
        if isinstance(value, dict | list):
            yield from _places(value)
