"""The page and the Markdown: self-contained, complete, escaped, in the words agreed upon."""

import csv
import io
import json
import re
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from skinlite.data.splits.leaks import OLDER, Leaks
from skinlite.errors import InputError
from skinlite_benchmarks.report import tables, wording, write
from skinlite_benchmarks.report.html.render_html import render_html
from skinlite_benchmarks.report.render_csv import render_csv
from skinlite_benchmarks.report.render_markdown import render_markdown
from skinlite_benchmarks.report.view import view_of
from skinlite_benchmarks.report.write import write_report
from skinlite_benchmarks.results.notices import notices
from skinlite_benchmarks.results.records import Interval
from skinlite_benchmarks.results.results import Instability, Results

VOID = {"meta", "line", "circle", "rect", "br"}


class Tags(HTMLParser):
    """Collects tags, and refuses one that is closed out of order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_summary_says_it_in_one_sentence(results: Results) -> None:
    assert wording.summary(view_of(results)).startswith(
        "quick int8 at 16 px is 50.0 times faster [50.0, 50.0] and 50 times smaller than "
        "Big float32 at 16 px, one thread; balanced accuracy 0."
    )
    assert wording.summary(view_of(results)).endswith(
        "on 700 held-out synthetic images; measured on a desktop CPU, not on a phone."
    )


@pytest.mark.parametrize(
    ("low", "median", "high", "words"),
    [
        (68.1, 71.2, 74.4, "71* [68, 74]"),
        (46.9, 47.2, 47.4, "47.2* [46.9, 47.4]"),
        (1.71, 1.84, 2.9, "1.8* [1.7, 2.9]"),
        (0.401, 0.5, 0.8, "0.50* [0.40, 0.80]"),
        (0.0014, 0.00162, 0.0021, "0.0016* [0.0014, 0.0021]"),
    ],
)
def test_interval_keeps_its_ends_apart(low: float, median: float, high: float, words: str) -> None:
    interval = Interval(median=median, low=low, high=high)
    assert wording.interval(interval) == words.replace("*", wording.TIMES)


def test_summary_of_something_slower_and_larger(results: Results) -> None:
    slower = results.measurements[0].model_copy(
        update={"ratio": Interval(median=0.5, low=0.4, high=0.8)}
    )
    big = results.contestants[0].model_copy(update={"bytes": 400_000_000, "accuracy": None})
    turned = results.model_copy(
        update={
            "measurements": (slower, *results.measurements[1:]),
            "contestants": (big, *results.contestants[1:]),
        }
    )
    assert "2.0 times slower [1.2, 2.5] and 2.0 times larger" in wording.summary(view_of(turned))
    assert "accuracy not measured" in wording.summary(view_of(turned))


def test_summary_without_reference(results: Results) -> None:
    alone = results.model_copy(update={"reference": None})
    assert "quick int8 takes 1.00 ms (median), one thread" in wording.summary(view_of(alone))
    assert "baseline 50" not in render_html(view_of(alone))


def test_page_loads_nothing_and_runs_nothing(results: Results) -> None:
    page = render_html(view_of(results))
    parser = Tags()
    parser.feed(page)
    assert parser.open == []
    tags = {tag for tag, _ in parser.seen}
    assert not tags & {"script", "link", "img", "iframe", "object", "embed"}
    assert not any({"src", "href", "xlink:href"} & attrs.keys() for _, attrs in parser.seen)
    assert "://" not in page and "@import" not in page and "url(" not in page


def test_page_names_every_contestant_escaped(results: Results) -> None:
    page = render_html(view_of(results))
    assert "<script" not in page
    for one in results.contestants:
        assert one.name in unescape(page)
    assert unescape(page).count("skinlite benchmark 'a b'") == 1


def test_page_has_every_chart_in_both_widths(results: Results) -> None:
    charts = re.findall(r'aria-label="([^"]*)"', render_html(view_of(results)))
    expected = ("Latency distributions", "Times faster", "File size", "Recall by class")
    for title in expected:
        assert sum(chart.startswith(title) for chart in charts) == 2


def test_page_follows_the_system_theme_and_says_what_is_synthetic(results: Results) -> None:
    page = render_html(view_of(results))
    assert "prefers-color-scheme: dark" in page
    assert "synthetic images</span>" in page
    assert "not a phone</span>" in page
    real = results.contestants[0].model_copy(update={"synthetic": False})
    honest = results.model_copy(update={"contestants": (real, *results.contestants[1:])})
    assert "synthetic images</span>" not in render_html(view_of(honest))


def test_untrained_accuracy_is_never_a_number(results: Results) -> None:
    raw = results.contestants[0].model_copy(update={"trained": False, "accuracy": None})
    table = tables.overview(
        view_of(results.model_copy(update={"contestants": (raw, *results.contestants[1:])}))
    )
    accuracy = table.columns.index("Balanced accuracy")
    assert [row[accuracy] for row in table.rows] == ["untrained", "not measured", "untrained"]


def test_same_results_give_the_same_page(results: Results) -> None:
    assert render_html(view_of(results)) == render_html(view_of(results))


def test_markdown_tables_keep_their_columns_whatever_the_name(results: Results) -> None:
    text = render_markdown(view_of(results))
    rows = [line for line in text.splitlines() if line.startswith("|")]
    counts = [len(re.findall(r"(?<!\\)\|", row)) for row in rows]
    assert set(counts) == {9, 10, 13}
    assert "<script>" not in text.replace(r"\<script\>", "")
    assert "**quick int8**" in text


def test_report_folder(results: Results, tmp_path: Path) -> None:
    page = write_report(results, tmp_path / "report")
    assert page.read_text().startswith("<!doctype html>")
    names = {path.name for path in page.parent.iterdir()}
    assert names == {"report.html", "report.md", "report.csv", "results.json"}
    with pytest.raises(InputError, match="exists already"):
        write_report(results, tmp_path / "report")


def test_what_was_measured_outlives_a_page_that_cannot_be_made(
    results: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(write, "render_html", lambda view: 1 / 0)
    with pytest.raises(ZeroDivisionError) as found:
        write_report(results, tmp_path / "report")
    assert found.value.__notes__ == [f"What was measured is in {tmp_path}/report/results.json."]
    kept = Results.model_validate_json((tmp_path / "report/results.json").read_text())
    assert kept == results


@pytest.mark.parametrize(
    ("state", "mark", "badge"),
    [
        ("none found", "", None),
        ("unknown", " (leaks unknown)", "leaks unknown</span>"),
        ("found", " (leaky)", "leaky split</span>"),
    ],
)
def test_what_is_known_of_leaks_stands_beside_every_figure(
    results: Results, state: Any, mark: str, badge: str | None
) -> None:
    first, *others = results.contestants
    assert first.accuracy is not None
    leaks = Leaks(state=state, reason="so it is")
    accuracy = first.accuracy.model_copy(update={"leaks": leaks, "leaky": state == "found"})
    judged = first.model_copy(update={"accuracy": accuracy})
    changed = results.model_copy(update={"contestants": (judged, *others)})
    assert f"held-out synthetic images{mark};" in wording.summary(view_of(changed))
    page = render_html(view_of(changed))
    badges = {told for told in ("leaks unknown</span>", "leaky split</span>") if told in page}
    assert badges == ({badge} if badge else set())
    row = tables.overview(view_of(changed)).rows[0]
    assert all(cell.endswith(mark or ")") for cell in row[-3:-1])
    warned = notices(changed.host, changed.contestants, None, False)
    assert any(leaks.reason in one and "quick int8" in one for one in warned) == bool(mark)
    (sheet, *_) = csv.DictReader(io.StringIO(render_csv(changed)))
    assert (sheet["leaky"], sheet["leaks"]) == (str(state == "found"), state)


def test_results_of_before_there_were_three_values_are_read(results: Results) -> None:
    """What was not called leaky then is unknown now."""
    old = results.model_dump(mode="json")
    del old["contestants"][0]["accuracy"]["leaks"]
    read = Results.model_validate_json(json.dumps(old)).contestants[0].accuracy
    assert read is not None and read.leaks == OLDER
    old["contestants"][0]["accuracy"]["leaky"] = True
    read = Results.model_validate_json(json.dumps(old)).contestants[0].accuracy
    assert read is not None and read.leaks.state == "found"


def test_whatever_the_results_say_is_escaped(results: Results) -> None:
    """The template escapes, and so do the charts: no tag of a stranger is one of the page's."""
    evil = "<img src=x onerror='a'>&amp;\"{{ 7 * 7 }}"
    plain = Tags()
    plain.feed(render_html(view_of(results)))
    first, *others = results.contestants
    attacked = results.model_copy(
        update={
            "host": results.host.model_copy(update={"cpu": evil, "governor": evil}),
            "settings": results.settings.model_copy(update={"command": evil, "data": evil}),
            "contestants": (first.model_copy(update={"name": evil, "runtime": "litert"}), *others),
            "measurements": (
                results.measurements[0].model_copy(update={"contestant": evil}),
                *results.measurements[1:],
            ),
            "notices": (evil,),
            "verdicts": (Instability(reason=evil, advice=evil),),
        }
    )
    page = render_html(view_of(attacked))
    parser = Tags()
    parser.feed(page)
    assert {tag for tag, _ in parser.seen} <= {tag for tag, _ in plain.seen} | {"em"}
    assert "49" not in re.findall(r"onerror=.{0,40}", unescape(page))[0]
    # Summary, title, table, charts' labels with tooltips, notices, verdict, facts, command.
    assert unescape(page).count(evil) > 10
