"""How a synthetic lesion looks: skin, then one of seven class-dependent looks, then a photograph.

Everything is painted on a square canvas in lesion coordinates and only then photographed, so that
two images of one lesion show the same structures from two viewpoints. A canvas is float32 of
shape (3, SIDE, SIDE), RGB 0-1 (planes first: several times quicker to paint); a mask is float32 of
shape (SIDE, SIDE), 0-1.

The looks follow the dermoscopic criteria of the textbooks loosely (network, milia-like cysts,
arborising vessels, lacunes ...): enough to train and ship a network on, of no medical value.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

Plane = NDArray[np.float32]
Random = np.random.Generator

HEIGHT, WIDTH = 225, 300
"""Pixels of a photograph: HAM10000's aspect (450x600) at half the size."""

SIDE = 400
"""Pixels of the canvas's sides: a photograph fits into it under any rotation."""

Y, X = (np.mgrid[:SIDE, :SIDE].astype(np.float32) - SIDE / 2) / 100  # 1 = 100 canvas pixels
RADIUS = np.hypot(X, Y)
BEARING = np.rint(np.degrees(np.arctan2(Y, X))).astype(np.intp) % 360  # whole degrees

_down, _across = np.mgrid[-1 : 1 : HEIGHT * 1j, -1 : 1 : WIDTH * 1j].astype(np.float32)
VIGNETTE: Plane = ((_down**2 + _across**2) / 2) ** 2
"""0 in the middle of a photograph, 1 in its corners."""


def photograph(canvas: Plane, rng: Random) -> Image.Image:
    """One image of a canvas: viewpoint, light, vignette and sensor noise; RGB, HEIGHT x WIDTH."""
    turn, zoom = rng.uniform(0, 2 * np.pi), rng.uniform(1.0, 1.25)
    cos, sin = np.cos(turn) / zoom, np.sin(turn) / zoom
    centre_x, centre_y = SIDE / 2 + rng.uniform(-12, 12, 2)
    affine = (
        *(cos, -sin, centre_x - cos * WIDTH / 2 + sin * HEIGHT / 2),
        *(sin, cos, centre_y - sin * WIDTH / 2 - cos * HEIGHT / 2),
    )
    whole = Image.fromarray(_levels(np.moveaxis(canvas, 0, 2)))
    view = whole.transform(
        (WIDTH, HEIGHT), Image.Transform.AFFINE, affine, Image.Resampling.BILINEAR
    )
    light = float(rng.uniform(0.93, 1.07)) * (1 - float(rng.uniform(0, 0.22)) * VIGNETTE)
    cast = rng.normal(1, 0.015, 3).astype(np.float32)
    grain = rng.standard_normal((HEIGHT, WIDTH), np.float32) * 0.012
    pixels = np.asarray(view, np.float32) * cast
    pixels *= light[..., None] / 255
    pixels += grain[..., None]
    return Image.fromarray(_levels(pixels))


def draw(look: str, rng: Random) -> Plane:
    """Paint skin, a lesion with the look of the class ``look``, and perhaps hair."""
    tone = np.array([0.87, 0.69, 0.63]) * rng.uniform(0.86, 1.06) + rng.normal(0, 0.013, 3)
    canvas = np.empty((3, SIDE, SIDE), np.float32)
    canvas[:] = tone.astype(np.float32)[:, None, None]
    LOOKS[look](canvas, rng)
    canvas *= 1 + 0.03 * _noise(rng, 5) + 0.025 * _noise(rng, 30) + 0.02 * _noise(rng, 90)
    if rng.random() < 0.3:
        hairs = _lines(rng, int(rng.integers(3, 12)), reach=2.2, steps=12, bend=0.12, width=2)
        _paint(canvas, (0.22, 0.16, 0.13), 0.85 * hairs, rng)
    return canvas


def _akiec(canvas: Plane, rng: Random) -> None:
    """A red patch without a clear edge, under white-yellow scale."""
    inside = _edge(_distance(rng, 0.10), 0.3)
    _paint(canvas, (0.76, 0.42, 0.38), inside * (0.55 + 0.4 * _veil(rng, 12, -0.6)), rng)
    _paint(canvas, (0.62, 0.24, 0.23), inside * _spots(rng, 35, 0.8, 0.02, 0.04) * 0.5, rng)
    _paint(canvas, (0.93, 0.86, 0.74), inside * _veil(rng, 34, 0.9) * 0.75, rng)


def _bcc(canvas: Plane, rng: Random) -> None:
    """Pearly, with blue-grey nests and arborising vessels."""
    inside = _edge(_distance(rng, 0.06), 0.2)
    _paint(canvas, (0.90, 0.75, 0.76), inside * 0.75, rng)
    _paint(canvas, (0.42, 0.43, 0.53), inside * _blobs(rng, 8, 0.6, 0.08, 0.2) * 0.8, rng)
    vessels = _lines(rng, int(rng.integers(7, 12)), reach=0.7, steps=14, bend=0.35, width=3)
    _paint(canvas, (0.72, 0.18, 0.22), inside * vessels * 0.7, rng)


def _bkl(canvas: Plane, rng: Random) -> None:
    """A stuck-on brown plaque with a sharp edge, milia-like cysts and comedo-like openings."""
    inside = _edge(_distance(rng, 0.07), 0.04)
    _paint(canvas, (0.60, 0.45, 0.31), inside * (0.7 + 0.2 * _veil(rng, 25, 0)), rng)
    _paint(canvas, (0.36, 0.25, 0.17), inside * _blobs(rng, 16, 0.7, 0.03, 0.07) * 0.75, rng)
    _paint(canvas, (0.94, 0.88, 0.72), inside * _spots(rng, 28, 0.7, 0.02, 0.045) * 0.8, rng)


def _df(canvas: Plane, rng: Random) -> None:
    """A pale scar-like centre inside a faint light-brown ring."""
    distance = _distance(rng, 0.05)
    ring = np.exp(-(((distance - 0.75) / 0.3) ** 2))
    _paint(canvas, (0.66, 0.45, 0.36), ring * (0.6 + 0.3 * _network(rng)), rng)
    _paint(canvas, (0.96, 0.88, 0.85), _edge(distance * 2, 0.5) * 0.85, rng)


def _mel(canvas: Plane, rng: Random) -> None:
    """Asymmetric, with a ragged edge, many colours and a blue-white veil off the centre."""
    distance = _distance(rng, 0.17)
    inside = _edge(distance, 0.07)
    _paint(canvas, (0.38, 0.24, 0.18), inside * 0.9, rng)
    _paint(canvas, (0.14, 0.10, 0.10), inside * _veil(rng, 8, 0.1) * 0.9, rng)
    _paint(canvas, (0.62, 0.32, 0.28), inside * _veil(rng, 7, 0.9) * 0.6, rng)
    lean = rng.uniform(0, 2 * np.pi)
    away = np.hypot(X - 0.25 * np.cos(lean), Y - 0.25 * np.sin(lean)) / 0.38
    _paint(canvas, (0.52, 0.57, 0.67), inside * _edge(away + 0.2 * _noise(rng, 12), 0.5) * 0.7, rng)
    rim = _edge(distance / 1.15, 0.06) * _spots(rng, 24, 1.0, 0.02, 0.05)
    _paint(canvas, (0.11, 0.08, 0.08), rim * 0.7, rng)


def _nv(canvas: Plane, rng: Random) -> None:
    """Round, symmetric, one brown, with a regular network that fades outwards."""
    distance = _distance(rng, 0.04)
    inside = _edge(distance, 0.3)
    _paint(canvas, (0.59, 0.39, 0.29), inside * 0.8, rng)
    _paint(canvas, (0.36, 0.22, 0.16), inside * _network(rng) * 0.6, rng)


def _vasc(canvas: Plane, rng: Random) -> None:
    """Red and purple lacunes, close together."""
    inside = _edge(_distance(rng, 0.06), 0.15)
    _paint(canvas, (0.78, 0.38, 0.41), inside * 0.7, rng)
    _paint(canvas, (0.63, 0.11, 0.18), inside * _blobs(rng, 16, 0.6, 0.09, 0.19) * 0.85, rng)
    _paint(canvas, (0.36, 0.09, 0.25), inside * _blobs(rng, 7, 0.6, 0.08, 0.17) * 0.8, rng)


LOOKS: dict[str, Callable[[Plane, Random], None]] = {
    "akiec": _akiec,
    "bcc": _bcc,
    "bkl": _bkl,
    "df": _df,
    "mel": _mel,
    "nv": _nv,
    "vasc": _vasc,
}


def _paint(canvas: Plane, colour: tuple[float, float, float], mask: Plane, rng: Random) -> None:
    """Blend a slightly varied colour into the canvas where the mask says so."""
    pigment = np.asarray(colour, np.float32) * np.float32(rng.normal(1, 0.05))
    pigment += rng.normal(0, 0.01, 3).astype(np.float32)
    blend = mask.astype(np.float32)
    for plane, level in zip(canvas, pigment, strict=True):
        plane += (level - plane) * blend


def _distance(rng: Random, irregularity: float) -> Plane:
    """Distance from the centre in units of the outline's radius: 1 on the lesion's border."""
    bearings = np.radians(np.arange(360))
    outline = np.ones(360)
    for order in range(2, 10):
        swing = rng.normal(0, irregularity / np.sqrt(order))
        outline += swing * np.cos(order * bearings + rng.uniform(0, 2 * np.pi))
    outline = rng.uniform(0.55, 0.95) * np.clip(outline, 0.5, 1.5)
    ragged = irregularity * 0.5 * _noise(rng, 24)
    return RADIUS / outline.astype(np.float32)[BEARING] + ragged


def _edge(distance: Plane, softness: float) -> Plane:
    """1 inside of the outline, 0 outside, and a transition of the given width between."""
    return 1 / (1 + np.exp(np.clip((distance - 1) / (softness / 3), -30, 30)))


def _noise(rng: Random, cells: int) -> Plane:
    """Smooth noise of standard deviation about 1, with ``cells`` bumps a side."""
    coarse = Image.fromarray(rng.standard_normal((cells, cells), np.float32))
    return np.asarray(coarse.resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _veil(rng: Random, cells: int, threshold: float) -> Plane:
    """Patches where smooth noise exceeds the threshold."""
    return np.clip((_noise(rng, cells) - threshold) * 2 + 0.5, 0, 1)


def _network(rng: Random) -> Plane:
    """A honeycomb of dark lines, its holes about 9 pixels apart, slightly warped."""
    pitch = float(rng.uniform(60, 80))
    warped_x, warped_y = X + 0.03 * _noise(rng, 14), Y + 0.03 * _noise(rng, 14)
    slant, rise = 0.5 * warped_x, 0.866 * warped_y
    waves = np.stack([warped_x, slant + rise, slant - rise])
    holes: Plane = np.cos(pitch * waves).sum(axis=0)
    return np.clip(0.7 - 0.6 * holes, 0, 1)


def _spots(rng: Random, count: int, reach: float, smallest: float, largest: float) -> Plane:
    """About ``count`` soft discs within ``reach`` of the centre, radii as given."""
    sheet = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(sheet)
    for _ in range(rng.poisson(count) + 1):
        away, turn = reach * np.sqrt(rng.random()), rng.uniform(0, 2 * np.pi)
        x, y = SIDE / 2 + 100 * away * np.cos(turn), SIDE / 2 + 100 * away * np.sin(turn)
        radius = 100 * rng.uniform(smallest, largest)
        pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=255)
    return np.asarray(sheet.filter(ImageFilter.BoxBlur(1)), np.float32) / np.float32(255)


def _blobs(rng: Random, count: int, reach: float, smallest: float, largest: float) -> Plane:
    """Like `_spots`, but each of an organic outline."""
    return np.clip((_spots(rng, count, reach, smallest, largest) - 0.3) * 1.6, 0, 1) * np.clip(
        0.8 + 0.35 * _noise(rng, 50), 0.2, 1
    )


def _lines(rng: Random, count: int, *, reach: float, steps: int, bend: float, width: int) -> Plane:
    """Wandering lines (hairs, vessels) that start within ``reach`` of the centre."""
    sheet = Image.new("L", (SIDE, SIDE))
    pen = ImageDraw.Draw(sheet)
    for _ in range(count):
        start = SIDE / 2 + 100 * rng.uniform(-reach, reach, 2)
        turns = rng.uniform(0, 2 * np.pi) + np.cumsum(rng.normal(0, bend, steps))
        walk = start + np.cumsum(
            100 * reach / steps * np.stack([np.cos(turns), np.sin(turns)], 1), axis=0
        )
        pen.line([(float(x), float(y)) for x, y in walk], fill=255, width=width, joint="curve")
    return np.asarray(sheet.filter(ImageFilter.BoxBlur(0.7)), np.float32) / np.float32(255)


def _levels(values: NDArray[np.floating]) -> NDArray[np.uint8]:
    return np.rint(np.clip(values, 0, 1) * 255).astype(np.uint8)
