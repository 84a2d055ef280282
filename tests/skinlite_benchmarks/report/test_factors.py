"""The headline's ratio as a product of gains that were measured in the same race, or not at all."""

import math

import pytest

from skinlite_benchmarks.candidates.peers.tool import STOCK
from skinlite_benchmarks.measure import statistics as figures
from skinlite_benchmarks.report.charts.waterfall import waterfall_chart
from skinlite_benchmarks.report.factors import GAINS, factors_of, in_words
from skinlite_benchmarks.report.html.render_html import render_html
from skinlite_benchmarks.report.render_markdown import render_markdown
from skinlite_benchmarks.report.view import view_of
from skinlite_benchmarks.report.wording import TIMES
from skinlite_benchmarks.results.results import Contestant, Results

from ..conftest import measurement, samples

LARGE, SMALL = (299, 299, 3), (16, 16, 3)
RUNGS = {
    "Big int8 (stock converter)": ("big_net", 25.0, LARGE),
    "small 299 px int8 (stock converter)": ("small_net", 10.0, LARGE),
    "small int8 (stock converter)": ("small_net", 2.5, SMALL),
}


@pytest.fixture
def race(results: Results) -> Results:
    """The baseline at 50 ms, three rungs, and the headline at 1 ms."""
    quick, _, big = results.contestants
    rungs = [
        Contestant(
            name=name,
            file=name,
            bytes=1,
            sha256=name,
            runtime="litert",
            format="int8",
            backbone=backbone,
            peer=True,
            tool=STOCK,
        )
        for name, (backbone, _, _) in RUNGS.items()
    ]
    baseline = [50.0, 51.0, 49.0] * 40
    timed = [
        measurement(
            name,
            [ms] * 120,
            image_shape=shape,
            ratio=figures.ratio(samples(baseline), samples([ms] * 120), seed=0),
        )
        for name, (_, ms, shape) in RUNGS.items()
    ]
    first, _, last = results.measurements
    return results.model_copy(
        update={
            "contestants": (
                quick.model_copy(update={"backbone": "small_net"}),
                *rungs,
                big.model_copy(update={"backbone": "big_net"}),
            ),
            "measurements": (first, *timed, last.model_copy(update={"image_shape": LARGE})),
        }
    )


def without(race: Results, *names: str) -> Results:
    return race.model_copy(
        update={
            "contestants": tuple(one for one in race.contestants if one.name not in names),
            "measurements": tuple(one for one in race.measurements if one.contestant not in names),
        }
    )


def test_the_factors_multiply_to_the_headlines_ratio(race: Results) -> None:
    shown = view_of(race)
    factors = factors_of(shown)
    assert [one.gain for one in factors] == list(GAINS)
    assert [one.times for one in factors] == pytest.approx([2, 2.5, 4, 2.5])
    ratio = shown.headline.measured.ratio
    assert ratio and math.prod(one.times for one in factors) == pytest.approx(ratio.median)
    said = in_words(factors)
    assert said.startswith(
        f"The ratio is a product: 2.0{TIMES} int8 in place of float32, 2.5{TIMES} a"
    )
    assert "Not measured apart" not in said
    assert said in render_html(shown).replace("&#39;", "'") and said in render_markdown(shown)
    drawn = waterfall_chart(factors, "50", 980, "title")
    assert drawn.count("<rect") == 5 and "together" in drawn


def test_a_rung_that_took_no_part_leaves_its_gains_as_one_and_says_so(race: Results) -> None:
    factors = factors_of(view_of(without(race, "small 299 px int8 (stock converter)")))
    assert [one.times for one in factors] == pytest.approx([2, 10, 2.5])
    assert factors[1].gain == "a smaller network at equal pixels and fewer pixels"
    assert in_words(factors).endswith(
        "Not measured apart in this race: a smaller network at equal pixels and fewer pixels."
    )


def test_at_the_baselines_pixels_no_pixels_are_saved(race: Results) -> None:
    """A rung at fewer pixels is none, and what the smaller network gains isn't called pixels."""
    quick = race.measurement("quick int8", 1)
    assert quick
    large = quick.model_copy(update={"image_shape": LARGE})
    others = [one for one in race.measurements if one is not quick]
    factors = factors_of(view_of(race.model_copy(update={"measurements": (large, *others)})))
    assert [one.gain for one in factors] == [GAINS[0], GAINS[1], GAINS[3]]
    assert [one.times for one in factors] == pytest.approx([2, 2.5, 10])


def test_a_rung_has_the_headlines_width_and_cut_channels(race: Results) -> None:
    for cut in ({"width": 0.75}, {"slim": 0.5}):
        contestants = (race.contestants[0].model_copy(update=cut), *race.contestants[1:])
        shown = view_of(race.model_copy(update={"contestants": contestants}))
        assert factors_of(shown) != [] and [one.times for one in factors_of(shown)] == (
            pytest.approx([2, 25])
        )
        own = tuple(
            one.model_copy(update=cut) if one.backbone == "small_net" else one
            for one in contestants
        )
        shown = view_of(race.model_copy(update={"contestants": own}))
        assert len(factors_of(shown)) == len(GAINS)


def test_without_rungs_there_is_no_product(race: Results, results: Results) -> None:
    for one in (results, without(race, *RUNGS), race.model_copy(update={"reference": None})):
        factors = factors_of(view_of(one))
        assert factors == [] and in_words(factors) == ""
        assert "What makes it faster" not in render_html(view_of(one))


def test_two_that_could_be_a_rung_are_none(race: Results) -> None:
    name = "small 299 px int8 (stock converter)"
    twin = race.contestant(name).model_copy(update={"name": "twin"})
    timed = race.measurement(name, 1)
    assert timed
    both = race.model_copy(
        update={
            "contestants": (twin, *race.contestants),
            "measurements": (
                timed.model_copy(update={"contestant": "twin"}),
                *race.measurements,
            ),
        }
    )
    assert len(factors_of(view_of(both))) == 3
