"""The table of what each file kept: the float model first, then every file that was judged."""

from skinlite_benchmarks.results.results import Results
from skinlite_benchmarks.studies.fidelity_table import fidelity_tables


def test_a_file_stands_below_its_float_model(results: Results) -> None:
    judged = next(one for one in results.contestants if one.accuracy and one.accuracy.keras)
    assert judged.accuracy and judged.accuracy.keras and judged.accuracy.agreement
    table, *_ = fidelity_tables(results)
    keras, file, *_ = [dict(zip(table.columns, row, strict=True)) for row in table.rows]
    assert keras["File"] == "Keras float32" and not keras["ms"]
    assert keras["Balanced accuracy"] == f"{judged.accuracy.keras.balanced_accuracy:.3f}"
    assert file["File"] == judged.name
    assert file["Balanced accuracy"] == f"{judged.accuracy.exported.balanced_accuracy:.3f}"
    assert file["Agreement"].startswith(f"{judged.accuracy.agreement.value:.3f} [")
    assert file["MB"] == f"{judged.bytes / 1e6:.2f}"


def test_what_was_not_judged_or_not_measured_is_left_out(results: Results) -> None:
    unjudged = {one.name for one in results.contestants if one.accuracy is None}
    names = {row[0] for table in fidelity_tables(results) for row in table.rows}
    assert unjudged and not unjudged & names
    assert fidelity_tables(results.model_copy(update={"measurements": ()})) == []
