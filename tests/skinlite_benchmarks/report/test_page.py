"""The report in a real browser: no console error, every chart there, nothing wider than a phone."""

import csv
import io
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from skinlite.data.splits.leaks import Leaks
from skinlite_benchmarks.report import accuracy_tables, tables, wording
from skinlite_benchmarks.report.charts.bars import Bar, bar_chart
from skinlite_benchmarks.report.charts.depth import depth_chart
from skinlite_benchmarks.report.charts.errors import error_chart, unbeaten
from skinlite_benchmarks.report.charts.pareto import front, pareto_chart
from skinlite_benchmarks.report.charts.waterfall import waterfall_chart
from skinlite_benchmarks.report.factors import Factor
from skinlite_benchmarks.report.html.chart_sections import points, recalls, tradeoff
from skinlite_benchmarks.report.html.render_html import render_html
from skinlite_benchmarks.report.render_csv import render_csv
from skinlite_benchmarks.report.render_markdown import markdown_table, render_markdown
from skinlite_benchmarks.report.view import ErrorPoint, Point, view_of
from skinlite_benchmarks.report.write import write_report
from skinlite_benchmarks.results.notices import notices
from skinlite_benchmarks.results.paper import paper_figures
from skinlite_benchmarks.results.records import (
    Cost,
    Limit,
    OperatorTime,
    Peak,
    Profile,
    Share,
    SweepPoint,
)
from skinlite_benchmarks.results.results import Results
from skinlite_export.decision.measure import point_scores
from skinlite_export.manifest.decision import OperatingPoint
from skinlite_export.manifest.measured import DepthError

CHARTS = (
    "Balanced accuracy against latency, one thread",
    "Error over latency, one thread",
    "Latency distributions, one thread",
    "Times faster than the baseline, one thread",
    "File size",
    "Latency over the size of the image, one thread",
    "Recall by class: quick int8",
    "Signal to noise along the depth: quick int8",
    "Share of this host's limit that is reached, one thread",
    "Most expensive operators: quick int8",
    "ROC with the operating points: quick int8",
    "Decision curve: quick int8",
)


def _point(codes: tuple[str, ...], threshold: float, seed: int) -> OperatingPoint:
    """Of a file that finds what it is asked for better than by chance."""
    random = np.random.default_rng(seed)
    positive = np.arange(200) < 40
    scores = np.clip(random.normal(0.1 + 0.2 * positive, 0.1), 0, 1)
    return OperatingPoint(
        classes=codes,
        asked=0.9,
        confidence=0.95,
        threshold=threshold,
        lesions=40,
        missed=1,
        files={"model.tflite": point_scores(positive, scores, threshold, np.arange(200))},
    )


@pytest.fixture
def everything(results: Results) -> Results:
    """Results in which every part of a report has something to say."""
    first, second, last = results.contestants
    assert first.accuracy
    first = first.model_copy(update={"accuracy": first.accuracy.model_copy(update={"error": 3e-3})})
    operators = tuple(
        OperatorTime(operator=f"Operator {n} (NHWC, QC8) IGEMM", count=n + 1, ms=0.1, share=0.09)
        for n in range(10)
    )
    first = first.model_copy(
        update={
            "backbone": "mobilenet_v3_large",
            "cost": Cost(
                macs=200_000_000,
                integer_macs=190_000_000,
                parameters=3_000_000,
                weight_bytes=3_000_000,
                activation_bytes=5_000_000,
            ),
            "points": {
                "mel": _point(("mel",), 0.12, 0),
                "malignant <of all>": _point(("bcc", "mel"), 0.15, 1),
                "none": _point(("df",), 0.1, 2).model_copy(update={"threshold": None}),
            },
            "profile": Profile(tool="LiteRT", operators=operators, total_ms=1.1),
            "error_by_depth": tuple(
                DepthError(layer=f"layer_{n}", operator="CONV_2D", sqnr=40 - n, in_float=n == 3)
                for n in range(30)
            ),
        }
    )
    second = second.model_copy(update={"accuracy": first.accuracy, "trained": True})
    quick = results.measurements[0].model_copy(
        update={"limit": Limit(ms=0.4, bound="arithmetic", share=0.4)}
    )
    peak = Peak(
        threads=1,
        float32_gmacs=50,
        int8_gmacs=218,
        copy_gbs=27,
        cached_copy_gbs=79,
        cache_bytes=32 << 20,
    )
    sweep = tuple(
        SweepPoint(contestant=one.name, backbone="net", image_size=size, width=width, pareto=pareto)
        for one, size, width, pareto in ((first, 96, 1.0, True), (second, 224, 0.75, None))
    )
    return results.model_copy(
        update={
            "host": results.host.model_copy(update={"roofs": (peak,)}),
            "contestants": (first, second, last),
            "measurements": (quick, *results.measurements[1:]),
            "paper": paper_figures(["mobilenet_v3_large"]),
            "sweep": sweep,
        }
    )


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_a_browser_shows_every_chart(
    everything: Results, browser: Any, tmp_path: Path, width: int, scheme: str
) -> None:
    path = write_report(everything, tmp_path / "report")
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url))
    page.goto(path.as_uri())
    assert said == [path.as_uri()]
    shown = page.locator("svg:visible")
    titles = [shown.nth(n).get_attribute("aria-label") for n in range(shown.count())]
    assert sorted(titles) == sorted([*CHARTS, "Recall by class: <script>alert(1)</script>|_x_"])
    assert all(shown.nth(n).bounding_box()["height"] > 30 for n in range(shown.count()))
    assert page.evaluate("document.documentElement.scrollWidth") == width
    background = page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert (int(background.strip("rgb()").split(",")[0]) < 60) == (scheme == "dark")
    page.close()


def test_a_printed_page_is_light_and_whole(
    everything: Results, browser: Any, tmp_path: Path
) -> None:
    path = write_report(everything, tmp_path / "report")
    page = browser.new_page(viewport={"width": 720, "height": 1000}, color_scheme="dark")
    page.goto(path.as_uri())
    page.emulate_media(media="print")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
    assert page.locator("svg:visible").count() == len(CHARTS) + 1
    page.close()


def test_small_shares_and_short_times_are_not_nothing() -> None:
    assert [wording.percent(value) for value in (0.0, 0.004, 0.35)] == ["0%", "<1%", "35%"]
    assert wording.milliseconds(0.0042) == "0.004 ms"


def test_parts_that_were_not_measured_are_not_there(results: Results) -> None:
    page = render_html(view_of(results))
    for title in (
        "Most expensive operators",
        "Cost and hardware limit",
        "Paper and measured",
        "Sweep,",
    ):
        assert title not in page
        assert title not in render_markdown(view_of(results))


def test_markdown_has_every_table(everything: Results) -> None:
    text = render_markdown(view_of(everything))
    for title in (
        "Accuracy",
        "Paper and measured results",
        "Sweep, one thread",
        "Cost and hardware limit, one thread",
        "Most expensive operators: quick int8",
    ):
        assert f"## {title}\n" in text
    assert "| Operator 9 (NHWC, QC8) IGEMM | 10 |" in text


def test_the_paper_stands_above_what_was_measured_and_its_split_is_told(
    everything: Results,
) -> None:
    table = accuracy_tables.paper(everything)
    assert table is not None
    assert [row[0] for row in table.rows] == ["MobileNetV3Large, the paper", "quick int8"]
    assert table.rows[0][1] == "0.860"
    assert "test lesions are also in training" in table.rows[0][-1]


def test_csv_has_a_row_for_each_measurement_and_no_formula(everything: Results) -> None:
    evil = everything.contestants[0].model_copy(update={"name": "=1+1"})
    timed = everything.measurements[0].model_copy(update={"contestant": "=1+1"})
    results = everything.model_copy(
        update={
            "contestants": (evil, *everything.contestants[1:]),
            "measurements": (timed, *everything.measurements[1:]),
        }
    )
    rows = list(csv.DictReader(io.StringIO(render_csv(results))))
    assert [row["model"] for row in rows] == [
        "'=1+1",
        "<script>alert(1)</script>|_x_",
        "Big float32",
    ]
    assert (rows[0]["p50"], rows[0]["limit_share"], rows[2]["limit_share"]) == ("1.0", "0.4", "")
    assert (rows[2]["reference"], rows[2]["accuracy"]) == ("True", "")


def test_the_front_is_what_nothing_beats() -> None:
    def point(name: str, ms: float, accuracy: float) -> Point:
        return Point(name, ms, Share(value=accuracy, low=0, high=1, n=9), 1, "other")

    points = [point("slow", 9, 0.9), point("beaten", 5, 0.4), point("quick", 1, 0.5)]
    points += [point("as fast, worse", 9, 0.8), point("equal, slower", 2, 0.5)]
    assert [one.name for one in front(points)] == ["quick", "slow"]


@pytest.mark.parametrize("value", [0.0, 0.5, 1.0])
def test_what_is_all_the_same_is_drawn(value: float) -> None:
    same = Share(value=value, low=value, high=value, n=9)
    points = [Point(name, ms, same, 1, "other") for name, ms in (("a", 1.0), ("b", 2.0))]
    heights = re.findall(r'cy="([\d.]+)"', pareto_chart(points, 980, "title"))
    assert len(set(heights)) == 1 and 0 < float(heights[0]) < 300
    factors = [Factor("a gain", 1.0, "a", "b")] * 2
    assert "together" in waterfall_chart(factors, "1.0", 980, "title")
    assert "<rect" in bar_chart([Bar("fast", 0.0, "0 ms", "other")], 980, "title")


def test_the_front_of_errors_is_what_nothing_beats_but_by_rounding() -> None:
    def point(name: str, ms: float, error: float) -> ErrorPoint:
        return ErrorPoint(name, ms, error, None, "other")

    points = [point("int8", 1, 3e-3), point("beaten", 2, 4e-3), point("float", 3, 2e-8)]
    points += [point("float, other sums", 4, 1e-8), point("slow int8", 3, 2e-3)]
    assert [one.name for one in unbeaten(points)] == ["int8", "float"]
    drawn = error_chart(sorted(points, key=lambda one: one.ms), 980, "title")
    assert drawn.count("<circle") == 5 and "&lt;0.00001" in drawn and "0.003" in drawn


def test_a_file_that_fails_the_gate_is_wrong_in_place_of_its_time(everything: Results) -> None:
    first, *others = everything.contestants
    assert first.accuracy
    low = Share(value=0.9, low=0.88, high=0.92, n=700)
    broken = first.model_copy(
        update={"accuracy": first.accuracy.model_copy(update={"agreement": low})}
    )
    shown = view_of(everything.model_copy(update={"contestants": (broken, *others)}))
    row = tables.overview(shown).rows[0]
    assert row[1:3] == ("wrong on 70 of 700", wording.NONE)
    assert [one.name for one in shown.speeds] == [one.name for one in everything.contestants[1:]]
    assert error_chart(shown.errors, 980, "").count('class="ring"') == 1
    assert shown.headline.name == everything.contestants[1].name  # it would boast of a wrong one
    # What is compared with another network is no less right for that.
    beside = first.accuracy.model_copy(update={"agreement": low, "agreement_with": "Big"})
    assert beside.wrong is None and first.accuracy.wrong is None


def test_no_speed_is_told_of_what_is_wrong(results: Results) -> None:
    """Where nothing else could be the headline."""
    first, _, last = results.contestants
    assert first.accuracy
    low = Share(value=0.9, low=0.88, high=0.92, n=700)
    broken = first.accuracy.model_copy(update={"agreement": low})
    wrong = first.model_copy(update={"accuracy": broken, "rejected": True})
    alone = {
        "contestants": (wrong, last),
        "measurements": (results.measurements[0], results.measurements[2]),
    }
    shown = view_of(results.model_copy(update=alone))
    assert wording.summary(shown).startswith(
        "quick int8 predicts otherwise than its float model on 70 of 700 images, more than the"
    )
    page = render_html(shown)
    assert "faster" not in wording.summary(shown) and "Faster, one thread" not in page
    assert "wrong on 70 of 700" in page and "failed its gates</span>" in page
    (told,) = [one for one in notices(results.host, (wrong, last), last, False) if "gates" in one]
    assert told.startswith("Rejected: the bundle of quick int8 failed its gates at export")


def test_charts_name_the_images_that_they_show(everything: Results) -> None:
    """Points are of the export's images, whatever images judge here."""
    first, *others = everything.contestants
    assert first.accuracy
    whole = first.accuracy.model_copy(update={"pictures": "all"})
    leaks = Leaks(state="found", reason="so it is")
    known = {"accuracy": whole, "points_leaks": leaks, "synthetic": False}
    changed = (first.model_copy(update=known), *others)
    shown = view_of(everything.model_copy(update={"contestants": changed}))
    notes = {chart.title: chart.note for chart in (*recalls(shown), *points(shown))}
    assert "; images: 700 of a whole data set. " in notes["Recall by class: quick int8"]
    for title in ("ROC with the operating points: quick int8", "Decision curve: quick int8"):
        assert "on the 200 held-out images of its export (leaky)" in notes[title]
    unjudged = first.model_copy(update={"accuracy": None})
    shown = view_of(everything.model_copy(update={"contestants": (unjudged, *others)}))
    (_, note) = [chart.note for chart in points(shown)]
    assert "synthetic images of its export (leaks unknown)" in note


def test_only_files_whose_training_is_unknown_may_have_been_trained_on_the_images(
    everything: Results,
) -> None:
    first, second, last = everything.contestants
    for pictures, said in (("unknown", True), ("test", False)):
        assert second.accuracy
        accuracy = second.accuracy.model_copy(update={"pictures": pictures})
        theirs = second.model_copy(update={"theirs": True, "accuracy": accuracy})
        shown = view_of(everything.model_copy(update={"contestants": (first, theirs, last)}))
        (chart,) = tradeoff(shown)
        assert ("may have been trained on these images" in chart.note) == said


def test_what_is_synthetic_is_marked_beside_the_papers_figures(everything: Results) -> None:
    for table in (accuracy_tables.paper(everything), accuracy_tables.accuracies(everything)):
        assert table is not None
        assert [row[-1] for row in table.rows if row[0] == "quick int8"] == [
            "700 held-out (synthetic)"
        ]


def test_csv_says_with_what_a_file_agrees(everything: Results) -> None:
    first, *others = everything.contestants
    assert first.accuracy
    beside = first.accuracy.model_copy(update={"agreement_with": "=Big"})
    changed = (first.model_copy(update={"accuracy": beside}), *others)
    text = render_csv(everything.model_copy(update={"contestants": changed}))
    rows = [row["agreement_with"] for row in csv.DictReader(io.StringIO(text))]
    assert rows == ["'=Big", "", ""]


def test_a_title_is_escaped_in_markdown() -> None:
    table = tables.Table("Operators: a|b [c] <d>", ["Model"], [["x"]])
    assert markdown_table(table).startswith("## Operators: a\\|b \\[c\\] \\<d\\>\n")


def test_a_layer_is_named_where_the_pointer_rests() -> None:
    errors = (
        DepthError(layer="a<b", operator="CONV_2D", sqnr=30.0, in_float=False),
        DepthError(layer="kept", operator="ADD", sqnr=-2.0, in_float=True),
    )
    drawn = str(depth_chart(errors, 400, "title"))
    assert "<title>a&lt;b, CONV_2D: 30.0 dB</title>" in drawn
    assert "<title>kept, ADD: -2.0 dB, in float</title>" in drawn
    first, last = (float(place) for place in re.findall(r'cy="([\d.]+)"', drawn))
    assert 0 < first < last < 300  # further down is worse, and a negative ratio is on the chart
    onnx = (DepthError(layer="kept", operator="Add", sqnr=12.0, in_float=False),)
    assert "<title>kept, Add, .onnx: 12.0 dB</title>" in str(
        depth_chart(errors, 400, "title", onnx)
    )
