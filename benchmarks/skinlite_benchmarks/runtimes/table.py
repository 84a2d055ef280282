"""The Markdown table of what was tried."""

from collections.abc import Sequence

from skinlite_benchmarks.runtimes.trying import Tried


def table(found: Sequence[Tried]) -> str:
    """One row a runtime and file."""
    rows = [
        "| runtime | version | processor | file | equal predictions | largest difference | remedy "
        "|",
        "| --- | --- | --- | --- | ---: | ---: | --- |",
    ]
    for one in found:
        equal = one.said or "-" if one.equal is None else f"{one.equal} of {one.inputs}"
        apart = "" if one.difference is None else f"{one.difference:.2g}"
        cells = (one.runtime, one.version, one.processor, one.file, equal, apart, one.remedy)
        rows.append(f"| {' | '.join(cell.replace('|', '/') for cell in cells)} |")
    return "\n".join(rows) + "\n"
