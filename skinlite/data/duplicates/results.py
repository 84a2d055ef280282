"""Write the pairs found: a table that a training takes, and a page for a person."""

import base64
import csv
import io
import json
from collections.abc import Sequence
from html import escape

from PIL import Image as Pillow

from skinlite.data.duplicates.images import Image
from skinlite.data.duplicates.pairs import Pair
from skinlite.data.preprocessing import load_image

COLUMNS = (
    "image_a", "image_b", "lesion_id_a", "lesion_id_b", "relation",
    "inliers", "ncc", "scale", "turn",
)  # fmt: skip

THUMBNAIL = (240, 180)

STYLE = (
    "body{font:15px/1.4 sans-serif;max-width:70em;margin:2em auto;padding:0 1em}"
    "section{display:grid;grid-template-columns:240px 240px 1fr;gap:.3em 1em;"
    "border-top:1px solid #ddd;padding:.7em 0}"
    "figure{margin:0}img{max-width:240px}figcaption{font-size:13px;overflow-wrap:anywhere}"
    ".told{color:#a00;font-weight:bold}button{position:sticky;top:.5em;padding:.5em 1em}"
)

SCRIPT = (
    "function save(){"
    "const gone=new Set([...document.querySelectorAll('input:not(:checked)')].map(x=>+x.value));"
    "const kept=rows.filter((row,i)=>i===0||!gone.has(i-1));"
    "const link=document.createElement('a');"
    "link.href=URL.createObjectURL(new Blob([kept.join('')],{type:'text/csv'}));"
    "link.download='pairs.csv';link.click()}"
)


def to_csv(pairs: Sequence[Pair]) -> str:
    """The pairs as a table with the columns `COLUMNS`; scale and turn bring b onto a."""
    return "".join(_rows(pairs))


def to_html(pairs: Sequence[Pair], shown: int) -> str:
    """A page that needs nothing else: the pairs side by side, each to be kept or taken out.

    Args:
        pairs: the best first.
        shown: how many at most; those whose lesion ids already say the same come last.
    """
    first = sorted(range(len(pairs)), key=lambda i: (pairs[i].lesion == "same", i))[:shown]
    thumbnails: dict[Image, str] = {}
    for index in first:
        for image in (pairs[index].a, pairs[index].b):
            thumbnails.setdefault(image, _thumbnail(image))
    sections = "".join(_section(index, pairs[index], thumbnails) for index in first)
    rows = json.dumps(_rows(pairs)).replace("<", "\\u003c")
    left_out = len(pairs) - len(first)
    more = f" {left_out} more are in the table only." if left_out else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        f"<title>Duplicate images</title><style>{STYLE}</style><body>"
        f"<h1>Duplicate images</h1><p>{len(pairs)} pairs, the most certain first; pairs with one "
        f"lesion_id last.{more} Remove the tick of a pair that shows two lesions. Then save the "
        "table and pass it to <code>skinlite train --same-lesion pairs.csv</code>. Nothing "
        'leaves this page.</p><button onclick="save()">Save pairs.csv</button>'
        f"{sections}<script>const rows={rows};{SCRIPT}</script></body></html>\n"
    )


def marks(pair: Pair) -> list[str]:
    """What a person should know of a pair besides its relation."""
    relation = {
        "same": "same lesion_id",
        "other": "two lesion_ids",
        "unknown": "lesion_id unknown",
    }[pair.lesion]
    return [relation, "two diagnoses"] if pair.two_diagnoses else [relation]


def _rows(pairs: Sequence[Pair]) -> list[str]:
    """The lines of the table, the header first."""
    return [_line(COLUMNS), *(_line(_values(pair)) for pair in pairs)]


def _line(values: Sequence[object]) -> str:
    stream = io.StringIO()
    csv.writer(stream, lineterminator="\n").writerow(values)
    return stream.getvalue()


def _values(pair: Pair) -> list[object]:
    match = pair.match
    figures: list[object] = [""] * 4
    if match:
        figures = [match.inliers, round(match.ncc, 3), round(match.scale, 3), round(match.turn, 2)]
    lesions = [pair.a.lesion_id, pair.b.lesion_id]
    return [pair.a.image_id, pair.b.image_id, *lesions, pair.relation, *figures]


def _section(index: int, pair: Pair, thumbnails: dict[Image, str]) -> str:
    figures = "".join(
        f'<figure><img src="data:image/jpeg;base64,{thumbnails[image]}" alt="">'
        f"<figcaption>{escape(image.image_id)}<br>{escape(image.lesion_id or 'lesion unknown')}"
        f"{escape(f', {image.diagnosis}' if image.diagnosis else '')}</figcaption></figure>"
        for image in (pair.a, pair.b)
    )
    shown_marks = ", ".join(
        f'<span class="told">{mark}</span>' if mark == "two diagnoses" else mark
        for mark in marks(pair)
    )
    match = pair.match
    how = (
        f"{match.inliers} inliers, NCC {match.ncc:.2f}, zoom {match.scale:.2f}, "
        f"turn {match.turn:.0f}°{', mirrored' if match.mirrored else ''}"
        if match
        else "equal bytes"
    )
    return (
        f"<section>{figures}<div><label><input type=checkbox checked value={index}> "
        f"<b>{pair.relation}</b></label><br>{shown_marks}<br>{how}</div></section>"
    )


def _thumbnail(image: Image) -> str:
    """A small JPEG of an image, as base64."""
    small = Pillow.fromarray(load_image(image.path))
    small.thumbnail(THUMBNAIL)
    stream = io.BytesIO()
    small.save(stream, "JPEG", quality=75)
    return base64.b64encode(stream.getvalue()).decode()
