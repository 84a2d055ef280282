"""The page in a real browser: the bundle's own .tflite gives Python's numbers there."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from skinlite.data.patient import Patient
from skinlite.data.preprocessing import fit, load_image
from skinlite.errors import SkinliteWarning
from skinlite_benchmarks.phones.browser import Inbox, read_devices
from skinlite_benchmarks.results.results import Contestant
from skinlite_export.bundle.folder import MANIFEST, SEAL, TFLITE, Bundle, open_bundle, seal
from skinlite_export.bundle.golden import read_vectors
from skinlite_export.decision.build_familiarity import no_lesions
from skinlite_export.diagnosis.diagnose import Diagnosis, diagnose
from skinlite_export.runtime.model_inputs import patients_for
from skinlite_export.serve.server import Server

PHONE = {"width": 390, "height": 844}


class Page:
    """The page as a phone's owner uses it."""

    def __init__(self, page: Any, bundle: Bundle, url: str) -> None:
        from playwright.sync_api import expect

        self.page, self.bundle, self.expect = page, bundle, expect
        self.faults: list[str] = []
        page.on("pageerror", lambda error: self.faults.append(str(error)))
        page.goto(url)
        self.says("#status", "Ready")

    def says(self, place: str, pattern: str) -> None:
        self.expect(self.page.locator(place)).to_have_text(re.compile(pattern), timeout=60_000)

    def choose(self, picture: Path) -> None:
        self.page.set_input_files("#file", str(picture))

    def answer(self, patient: Patient) -> None:
        self.page.fill("#age", "" if patient.age is None else str(patient.age))
        self.page.select_option("#sex", patient.sex)
        self.page.select_option("#site", patient.localization)
        for column in self.bundle.encoder().metadata:
            value = str(patient.metadata.get(column.name, ""))
            if column.kind == "number":
                self.page.fill(f"#metadata-{column.name}", value)
            else:
                self.page.select_option(f"#metadata-{column.name}", value or "unknown")

    def save(self, path: Path) -> None:
        """Check, and keep phone.json."""
        self.page.click("#check")
        with self.page.expect_download() as download:
            self.page.click("#save")
        assert download.value.suggested_filename == path.name
        download.value.save_as(path)
        self.says("#save-status", r"^phone\.json is in your downloads")

    def shows(self, picture: Path, patient: Patient) -> None:
        """Assert that the bars are Python's probabilities."""
        runner, encoder = self.bundle.runner(), self.bundle.encoder()
        pixels = fit(load_image(picture), *runner.signature.height_width)
        runner.set_inputs(pixels, patients_for(runner, [patient], encoder)[0])
        runner.invoke()
        expected = sorted(runner.probabilities().tolist(), reverse=True)
        self.expect(self.page.locator("#result")).to_be_visible(timeout=60_000)
        bars = self.page.query_selector_all("#bars li")
        found = [float(bar.get_attribute("data-probability")) for bar in bars]
        # The int8 layers agree in every bit; the last layer is in float, where the order of a
        # sum may cost the last one.
        assert found == pytest.approx(expected, abs=1e-6)


@pytest.fixture
def opened(
    browser: Any, runtime: Path, serving: Callable[..., Server], tmp_path: Path
) -> Iterator[Callable[..., Page]]:
    """Opens the page of a bundle on a phone's screen."""
    contexts = []

    def open_page(bundle: Bundle, host: str = "127.0.0.1") -> Page:
        inbox = Inbox(tmp_path / "devices", bundle.manifest.files[TFLITE].sha256)
        server = serving(bundle, runtime, inbox.receive, names=[host])
        contexts.append(browser.new_context(viewport=PHONE, is_mobile=True, has_touch=True))
        return Page(contexts[-1].new_page(), bundle, f"http://{host}:{server.server_port}/")

    yield open_page
    for context in contexts:
        context.close()


@pytest.mark.slow
@pytest.mark.parametrize("host", ["127.0.0.1", "skinlite.test"])
def test_the_page_answers_checks_measures_and_posts(
    opened: Callable[..., Page], tiny_bundle: Bundle, tmp_path: Path, host: str
) -> None:
    one = opened(tiny_bundle, host)
    page, vector = one.page, read_vectors(tiny_bundle).vectors[4]
    # Another name over plain http is no secure context: one thread, and the same numbers.
    assert page.evaluate("crossOriginIsolated") == (host == "127.0.0.1")
    picture = tiny_bundle.path / "golden" / vector.picture
    one.answer(vector.patient)
    one.choose(picture)
    one.shows(picture, vector.patient)
    for word in ("Melanoma", "no diagnosis", "synthetic images", "stays on this device"):
        assert word in page.inner_text("body")
    wide = page.evaluate("document.documentElement.scrollWidth")
    assert wide <= PHONE["width"], "the page scrolls sideways"

    page.fill("#name", "A phone")
    page.click("#measure")
    one.says("#device-status", "^Sent")
    rows = page.query_selector_all("#check-result tr[data-stage]")
    assert [row.get_attribute("data-passed") for row in rows] == ["true"] * 5
    sha256 = tiny_bundle.manifest.files[TFLITE].sha256
    contestant = Contestant(name="it", file="", bytes=1, sha256=sha256, runtime="litert")
    (device,) = read_devices(tmp_path / "devices", [contestant])
    report = device.report
    assert report.name == "A phone" and "Chrome" in report.user_agent
    assert report.check and report.check.vectors == 8 and not report.check.failed
    assert report.check.decoding and report.check.decoding.worst == 0  # Chromium is as Pillow
    assert report.timings[0].threads == 1 and len(report.timings[0].samples_ms) >= 50
    assert device.latencies[0].p50 <= device.latencies[0].p99
    assert one.faults == []


@pytest.mark.slow
@pytest.mark.parametrize("count", [2, 8])
def test_the_page_of_other_classes(
    opened: Callable[..., Page], other_bundle: Callable[[int], Bundle], count: int
) -> None:
    bundle = other_bundle(count)
    one, vector = opened(bundle), read_vectors(bundle).vectors[0]
    picture = bundle.path / "golden" / vector.picture
    one.answer(vector.patient)
    one.choose(picture)
    one.shows(picture, vector.patient)
    text = one.page.inner_text("body")
    for name in bundle.manifest.classes.values():
        assert f"{name}\n" in text or f"{name} " in text
    asked = {"itch", "diameter_1"}  # declared in the network of two classes
    assert asked & {*text.split()} == (asked if count == 2 else set())
    assert "seven" not in text and ("Melanoma" in text) == (count == 8)
    one.page.click("#check")
    one.says("#check-result p", f"^Passed: {count + 1} golden images")
    assert one.faults == []


@pytest.mark.slow
def test_a_file_that_resizes_encodes_and_gives_its_attention(
    opened: Callable[..., Page], exported: Callable[..., Bundle], tmp_path: Path
) -> None:
    bundle = exported(
        io="uint8", resize_in_graph=(450, 600), patient_input="raw", with_attention=True
    )
    one, vector = opened(bundle), read_vectors(bundle).vectors[4]
    one.answer(vector.patient)
    one.choose(bundle.path / "golden" / vector.picture)
    one.shows(bundle.path / "golden" / vector.picture, vector.patient)
    drawn = "document.querySelector('#seen').toDataURL()"
    overlaid = one.page.evaluate(drawn)
    one.page.uncheck("#attention")
    assert one.page.evaluate(drawn) != overlaid
    one.save(tmp_path / "phone.json")
    rows = one.page.query_selector_all("#check-result tr[data-stage]")
    assert [row.get_attribute("data-passed") for row in rows] == ["true"] * 5
    told = diagnose(bundle, tmp_path / "phone.json")
    assert [(found.checked, found.fault) for found in told.findings] == [(8, None)] * 4
    assert one.faults == []


@pytest.mark.slow
def test_what_the_page_saves_is_judged_by_verify(
    opened: Callable[..., Page], tiny_bundle: Bundle, skinlite: Callable[..., Any], tmp_path: Path
) -> None:
    one, path = opened(tiny_bundle), tmp_path / "phone.json"
    assert one.page.locator("#save").is_hidden()
    one.page.fill("#name", "A phone")
    one.save(path)
    assert one.faults == []

    done = skinlite("verify", tiny_bundle.path, "--outputs", path, "--json")
    assert done.code == 0, done.err
    told = Diagnosis.model_validate(json.loads(done.out)["outputs"])
    assert re.fullmatch(r"A phone, .*Chrome.*, LiteRT\.js \d.*", told.device)
    assert [(found.checked, found.fault) for found in told.findings] == [(8, None)] * 4
    outputs = json.loads(path.read_text())
    outputs["vectors"][4]["patient"]["patient"][0] += 0.5
    path.write_text(json.dumps(outputs))
    done = skinlite("verify", tiny_bundle.path, "--outputs", path)
    assert done.code == 3
    assert "wrong patient: age differs" in done.out and "mel.png" in done.out


@pytest.mark.slow
def test_pictures_that_are_none_tiny_or_huge(
    opened: Callable[..., Page], tiny_bundle: Bundle, tmp_path: Path
) -> None:
    one, nobody = opened(tiny_bundle), Patient()
    heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + bytes(1000)
    for name, content in (("photo.heic", heic), ("text.jpg", b"no picture"), ("empty.png", b"")):
        (tmp_path / name).write_bytes(content)
        one.choose(tmp_path / name)
        one.says("#picture-error", f"^{re.escape(name)} can't be read as an image")
        assert one.page.locator("#result").is_hidden()
    dot = tmp_path / "dot.png"
    Image.new("RGB", (1, 1), (200, 120, 90)).save(dot)
    one.choose(dot)
    one.says("#picture-error", "1 . 1 pixels.*means nothing")
    one.shows(dot, nobody)
    huge = tmp_path / "huge.png"  # 48 megapixels
    rows, columns = np.ogrid[:6000, :8000]
    levels = np.empty((6000, 8000, 3), np.uint8)
    levels[..., 0], levels[..., 1], levels[..., 2] = rows // 25, columns // 32, 128
    Image.fromarray(levels).save(huge, compress_level=1)
    one.choose(huge)
    one.says("#picture-error", "^$")
    one.shows(huge, nobody)
    assert one.faults == []


@pytest.mark.slow
def test_a_fault_is_found_in_the_stage_where_it_is(
    opened: Callable[..., Page], bundle: Bundle
) -> None:
    vectors = bundle.path / "golden" / "vectors.json"
    vectors.write_text(vectors.read_text().replace('"encoded": [', '"encoded": [7,', 1))
    one = opened(bundle)
    one.page.click("#check")
    one.page.wait_for_selector("#check-result table")
    rows = one.page.query_selector_all("#check-result tr[data-stage]")
    assert [row.get_attribute("data-passed") for row in rows] == [
        *("true", "true", "false", "true", "true")
    ]
    assert "Don't trust" in one.page.inner_text("#check-result")


@pytest.mark.slow
def test_a_bundle_without_golden_vectors(opened: Callable[..., Page], bundle: Bundle) -> None:
    files = bundle.manifest.files
    kept = {name: entry for name, entry in files.items() if not name.startswith("golden/")}
    manifest = bundle.manifest.model_copy(update={"files": kept})
    (bundle.path / MANIFEST).write_text(manifest.model_dump_json())
    (bundle.path / SEAL).write_text(seal(bundle.path))
    one = opened(open_bundle(bundle.path))
    one.says("#device-status", "no golden vectors")
    assert one.page.locator("#check").is_disabled()


@pytest.mark.slow
def test_an_answer_that_the_table_lacks_is_unknown(
    opened: Callable[..., Page], tiny_bundle: Bundle
) -> None:
    encoder, stranger = tiny_bundle.encoder(), Patient(age=30, sex="intersex", localization="elbow")
    code = """async ([patient, table]) => {
      const { encode, codes } = await import("./kit/patient.js");
      return [[...encode(patient, table)], Object.values(codes(patient, table))];
    }"""
    given = [stranger.model_dump(), encoder.model_dump()]
    encoded, codes = opened(tiny_bundle).page.evaluate(code, given)
    with pytest.warns(SkinliteWarning, match="read as 'unknown'"):
        assert encoded == pytest.approx(encoder.encode([stranger])[0], abs=1e-6)
        assert codes == encoder.codes([stranger])[0].tolist()


@pytest.mark.slow
def test_the_kit_refuses_an_age_that_nobody_has(
    opened: Callable[..., Page], tiny_bundle: Bundle
) -> None:
    code = """async (table) => {
      const { encode, codes } = await import("./kit/patient.js");
      const told = [];
      for (const take of [encode, codes]) {
        for (const age of [-1, 120.5, NaN, undefined, "old", 0, 120, null]) {
          try {
            take({ age, sex: "female", localization: "back" }, table);
          } catch (error) {
            told.push(error.message);
          }
        }
      }
      return told;
    }"""
    told = opened(tiny_bundle).page.evaluate(code, tiny_bundle.encoder().model_dump())
    refused = [f"Age {age} is outside of 0-120" for age in (-1, 120.5, "NaN", "undefined", "old")]
    assert [message.partition(" years")[0] for message in told] == 2 * refused


@pytest.mark.slow
def test_keyboard_and_names(opened: Callable[..., Page], tiny_bundle: Bundle) -> None:
    page = opened(tiny_bundle).page
    reached = []
    for _ in range(8):
        page.keyboard.press("Tab")
        reached.append(page.evaluate("document.activeElement.id"))
    assert reached == ["camera", "file", "age", "sex", "site", "name", "check", "measure"]
    for label in ("Take a photo", "Choose a photo", "Age in years", "Sex", "Where on the body"):
        assert page.get_by_label(label, exact=True).count() == 1, label
    page.fill("#age", "430")
    assert page.inner_text("#age-hint") == "The age has to be between 0 and 120."
    assert page.get_attribute("#age", "aria-invalid") == "true"


@pytest.mark.slow
def test_the_page_turns_a_photograph_away_and_says_what_is_left(
    opened: Callable[..., Page], exported: Callable[..., Bundle], tmp_path: Path
) -> None:
    bundle = exported()
    one = opened(bundle)
    photo, *_ = no_lesions(300, 400)["two photographs of scikit-learn, whole and in parts"]
    Image.fromarray(photo).save(tmp_path / "temple.png")
    one.choose(tmp_path / "temple.png")
    one.says("#decision", "does not look like a photo that this network knows")
    one.expect(one.page.locator("#bars")).to_be_hidden()
    for vector in read_vectors(bundle).vectors:
        decided = vector.models[TFLITE].decision
        if decided and decided.familiar and vector.patient:
            one.answer(vector.patient)
            one.choose(bundle.path / "golden" / vector.picture)
            names = [bundle.manifest.classes[code] for code in decided.classes]
            one.says("#decision", f"{re.escape(names[-1])}\\.")
            one.expect(one.page.locator("#bars")).to_be_visible()
            for word in ("Not sure", "threshold for Melanocytic nevus or Benign"):
                assert word in one.page.inner_text("#decision") or len(names) == 1
            break
    else:
        pytest.fail("no golden image is familiar")
    assert one.faults == []
