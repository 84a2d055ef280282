"""The sweep reaches what it is to disturb: hashes that are made anew hold."""

from pathlib import Path

import pytest

from skinlite.cli.data import examine
from skinlite.data.synthetic.synthesize import write_synthetic
from skinlite.errors import InputError
from skinlite_benchmarks.reliability import __main__ as sweep
from skinlite_benchmarks.reliability import targets
from skinlite_benchmarks.reliability.commands import COMMANDS, Command, Inputs
from skinlite_benchmarks.reliability.targets import change
from skinlite_export.bundle.folder import ENCODING, MANIFEST, open_bundle

from .conftest import write_bundle


@pytest.mark.parametrize("name", [ENCODING, MANIFEST])
def test_hashes_are_made_anew_and_the_whole_bundle_stays(tmp_path: Path, name: str) -> None:
    models = tmp_path / "models"
    models.mkdir()
    for model in ("tiny.tflite", "tiny.onnx"):
        (models / model).write_bytes(b"model")
    whole = write_bundle(tmp_path / "whole", models)
    content = (whole / name).read_bytes() + b"\n"
    change(whole, name, content, tmp_path / "changed")
    assert (tmp_path / "changed" / name).read_bytes() == content
    open_bundle(tmp_path / "changed").check_files()
    open_bundle(whole).check_files()


def test_a_table_is_read_as_the_commands_read_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, seen = tmp_path / "whole", []
    write_synthetic(whole, lesions=28, seed=0)
    table = whole / "HAM10000_metadata.csv"
    content = table.read_bytes()
    monkeypatch.setattr(targets, "examine", lambda path: seen.append(examine(path)) or seen[-1])
    targets._table(table, tmp_path / "a", content)
    with pytest.raises(InputError, match="truncated line"):
        targets._table(table, tmp_path / "b", content[:-20])
    first, second = seen
    assert first.faults == [] and len(first.paths) == len(list(whole.glob("*/*.jpg")))
    assert second.faults[0].kind == "truncated line"
    assert table.read_bytes() == content  # what was linked to stays


def test_heavy_commands_get_fewer_full_disks(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: dict[str, list[int]] = {command.name: [] for command in COMMANDS if command.output}

    def full_disk(command: Command, inputs: Inputs, size: int) -> None:
        tried[command.name].append(size)

    monkeypatch.setattr(sweep, "full_disk", full_disk)
    monkeypatch.setattr(sweep, "two_at_once", lambda *_: None)
    sweep._crowded(Inputs(Path(), Path(), Path()), 1, lambda _: None)
    heavy = {name for name, sizes in tried.items() if len(sizes) < len(sweep.KILOBYTES)}
    assert heavy == {"train", "export", "benchmark"}
    assert {len(tried[name]) for name in heavy} == {3}
