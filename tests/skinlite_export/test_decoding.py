"""Which JPEG decoding is meant, and how another one is named. Decoders here are real ones."""

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageOps

from skinlite.data.preprocessing import Pixels, crop, fit, load_image
from skinlite.errors import InputError
from skinlite_export.bundle import check_golden as checking
from skinlite_export.bundle.check_golden import check_golden
from skinlite_export.bundle.folder import TFLITE, Bundle
from skinlite_export.bundle.golden import JPEG_LEVELS, read_vectors
from skinlite_export.decoding import FAULTS, HALVED, JPEG, OTHERS, UNTURNED, decoded, decodings
from skinlite_export.diagnosis.diagnose import diagnose
from skinlite_export.diagnosis.findings import UNKNOWN_CAUSE

Decode = Callable[[bytes], Pixels]


def by_tensorflow(**options: object) -> Decode:
    def decode(content: bytes) -> Pixels:
        import tensorflow as tf

        pixels: Pixels = tf.io.decode_jpeg(content, **options).numpy()
        return pixels

    return decode


def turned(decode: Decode) -> Decode:
    return lambda content: np.ascontiguousarray(np.rot90(decode(content), -1))


def by_pillow(content: bytes) -> Pixels:
    return np.asarray(ImageOps.exif_transpose(Image.open(io.BytesIO(content))))


def unturned(content: bytes) -> Pixels:
    return np.asarray(Image.open(io.BytesIO(content)))


def half(content: bytes) -> Pixels:
    image = Image.open(io.BytesIO(content))
    image.draft("RGB", (100, 140))  # the next eighth above is the half
    return np.asarray(ImageOps.exif_transpose(image))


@pytest.mark.parametrize("name", ["accurate", *OTHERS])
def test_the_files_are_what_tensorflow_decodes(name: str) -> None:
    from skinlite_export.decoding.__main__ import WAYS

    method, fancy = WAYS[name]
    decode = by_tensorflow(dct_method=method, fancy_upscaling=fancy)
    assert np.array_equal(turned(decode)(JPEG.read_bytes()), decoded(name))


def test_pillow_decodes_as_the_contract_says_and_tensorflow_by_itself_does_not() -> None:
    assert np.array_equal(load_image(JPEG), decoded("accurate"))
    assert np.array_equal(turned(by_tensorflow())(JPEG.read_bytes()), decoded("fast"))


def test_every_other_decoding_is_farther_than_the_tolerance() -> None:
    """At any size of the network's input."""
    made = decodings(JPEG)
    assert set(made) == {"", *FAULTS}
    for size in (32, 48, 112, 224, 300):
        right = fit(made[""], size, size).astype(int)
        for words in FAULTS:
            off = np.abs(fit(made[words], size, size) - right).max()
            assert off > JPEG_LEVELS, (size, words)


def test_the_golden_set_has_it(tiny_bundle: Bundle) -> None:
    vector = read_vectors(tiny_bundle).vectors[-1]
    folder = tiny_bundle.path / "golden"
    assert (folder / vector.picture).read_bytes() == JPEG.read_bytes()
    assert np.array_equal(load_image(folder / str(vector.decoded)), decoded("accurate"))
    assert (vector.levels, vector.patient.age) == (JPEG_LEVELS, None)
    moved = vector.models[TFLITE].decoders
    assert moved is not None and set(moved) == set(OTHERS)
    assert all(0 < value < 1 for value in moved.values())
    geometry = tiny_bundle.manifest.geometry
    assert (geometry.idct, geometry.chroma_upsampling) == ("accurate_integer", "fancy")


@pytest.fixture
def told(tiny_bundle: Bundle, tmp_path: Path) -> Callable[..., dict[str, str]]:
    """What is told of the images of an app with a decoder of its own for JPEG."""

    def tell(
        decode: Decode,
        resize: Callable[[Pixels], np.ndarray] = lambda picture: fit(picture, 48, 48),
        only_jpeg: bool = False,
    ) -> dict[str, str]:
        vectors = []
        for one in read_vectors(tiny_bundle).vectors:
            path = tiny_bundle.path / "golden" / one.picture
            is_jpeg = path.suffix == ".jpg"
            if is_jpeg or not only_jpeg:
                picture = decode(path.read_bytes()) if is_jpeg else load_image(path)
                image = resize(picture).astype(float).ravel().tolist()
                vectors.append({"picture": one.picture, "image": image})
        document = {"schema_version": 1, "vectors": vectors}
        (tmp_path / "phone.json").write_text(json.dumps(document))
        (found,) = diagnose(tiny_bundle, tmp_path / "phone.json").findings
        return dict.fromkeys(found.pictures, found.fault or "")

    return tell


Told = Callable[..., dict[str, str]]

FAULTY = {
    OTHERS["fast"]: turned(by_tensorflow()),
    OTHERS["plain"]: turned(by_tensorflow(dct_method="INTEGER_ACCURATE", fancy_upscaling=False)),
    OTHERS["fast_plain"]: turned(by_tensorflow(fancy_upscaling=False)),
    UNTURNED: unturned,
    f"{OTHERS['fast']}; {UNTURNED}": by_tensorflow(),
    HALVED: half,
}


@pytest.mark.parametrize("words", FAULTY)
@pytest.mark.parametrize("only_jpeg", [False, True])
def test_a_decoder_is_named(told: Told, words: str, only_jpeg: bool) -> None:
    """Where PNG files are right, and where nothing else was handed in."""
    assert told(FAULTY[words], only_jpeg=only_jpeg) == {"decoding.jpg": words}


def test_a_right_decoder_is_right(told: Told) -> None:
    assert told(by_pillow) == {}
    assert told(turned(by_tensorflow(dct_method="INTEGER_ACCURATE"))) == {}


def bicubic(image: Pixels) -> np.ndarray:
    how = Image.Resampling.BICUBIC
    return np.asarray(Image.fromarray(crop(image, 48, 48)).resize((48, 48), how))


def test_a_decoder_beside_other_faults(told: Told) -> None:
    """Each image's cause is that of all: the PNG files' first, the decoder's besides."""
    found = told(by_tensorflow(), lambda image: bicubic(image)[..., ::-1])
    assert len(found) == 8
    words = "wrong channel order: BGR instead of RGB; wrong resize: bicubic"
    assert set(found.values()) == {f"{words}; {OTHERS['fast']}; {UNTURNED}"}
    assert set(told(by_pillow, bicubic).values()) == {"wrong resize: bicubic"}


def test_a_decoder_that_is_not_known(told: Told) -> None:
    def gamma(content: bytes) -> Pixels:
        return (255 * (by_pillow(content) / 255) ** 1.1).astype(np.uint8)

    found = told(gamma)["decoding.jpg"]
    assert found.startswith(UNKNOWN_CAUSE) and "but the PNG files are right" in found


def test_a_machine_that_decodes_otherwise(
    tiny_bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    def load(path: Path) -> Pixels:
        return decoded("fast") if path.suffix == ".jpg" else load_image(path)

    monkeypatch.setattr(checking, "load_image", load)
    with pytest.raises(InputError, match=r"decoding\.jpg: this machine's Pillow decodes it diff"):
        check_golden(tiny_bundle)


def test_a_bundle_from_before_the_jpeg(bundle: Bundle, told: Told) -> None:
    path = bundle.path / "golden" / "vectors.json"
    known = json.loads(path.read_text())
    del known["vectors"][-1]
    for vector in known["vectors"]:
        del vector["decoded"], vector["levels"]
        for expected in vector["models"].values():
            del expected["decoders"]
    path.write_text(json.dumps(known))
    assert check_golden(bundle)[0] == "7 golden images: pixels and encoded metadata are equal"
