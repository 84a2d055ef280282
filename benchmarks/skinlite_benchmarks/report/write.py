"""Write a report folder: results.json and report.csv for machines, two pages for people."""

from pathlib import Path

from skinlite.files.read_write import staged_folder, write_atomically
from skinlite_benchmarks.report.html.render_html import render_html
from skinlite_benchmarks.report.render_csv import render_csv
from skinlite_benchmarks.report.render_markdown import render_markdown
from skinlite_benchmarks.report.view import view_of
from skinlite_benchmarks.results.results import RESULTS, Results

HTML, MARKDOWN, CSV = "report.html", "report.md", "report.csv"


def write_report(results: Results, folder: Path) -> Path:
    """Write the four files; the folder appears when they are complete.

    Where a page can't be made, the folder appears with what there is, results.json at least: what
    was measured for an hour isn't lost by what shows it.

    Returns:
        The HTML page.

    Raises:
        InputError: the folder exists and isn't empty, or can't be written.
        Exception: what kept a page from being made, a bug.
    """
    fault: Exception | None = None
    with staged_folder(folder) as staging:
        write_atomically(staging / RESULTS, results.model_dump_json() + "\n")
        try:
            view = view_of(results)
            write_atomically(staging / CSV, render_csv(results))
            write_atomically(staging / MARKDOWN, render_markdown(view))
            write_atomically(staging / HTML, render_html(view))
        except Exception as error:
            error.add_note(f"What was measured is in {folder / RESULTS}.")
            fault = error
    if fault:
        raise fault
    return folder / HTML
