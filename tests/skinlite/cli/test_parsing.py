"""Texts of options to settings, and names of settings to flags."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from skinlite.cli.main import app
from skinlite.cli.parsing import (
    SETTING,
    as_flags,
    parse_gates,
    parse_kits,
    parse_points,
    parse_rewrites,
)
from skinlite.errors import InputError
from skinlite_export.recipe import Gates
from skinlite_export.rewrites.registry import ALL, REWRITES

ROOT = Path(__file__).parents[3]
PACKAGES = (ROOT / "skinlite", ROOT / "export" / "skinlite_export")
FLAG = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
COMMANDS = {"data/duplicates/results.py", "model_card/checklist.py"}
"""Pages that tell their readers of a whole command line."""


@pytest.mark.parametrize(
    ("setting", "flag"),
    [
        ("`calibration_pictures`", "--calibration-images"),
        ("`epoch_pictures=100`", "--epoch-images 100"),
        ("`io='int8'`", "--io int8"),
        ("`integer_only=True`", "--integer-only"),
        ("`devices=64`", "--devices 64"),
        ("`resize_in_graph=(900, 1200)`", "--resize-in-graph 900x1200"),
        ("`allow_float=('ADD', 'MUL')`", "--allow-float ADD,MUL"),
        ("`allow_float=('ADD',)`", "--allow-float ADD"),
        ("`weights=FILE`", "--weights FILE"),
        ("`fine_tuning`", "--fine-tuning-epochs"),
        ("`gates=None`", "--gates off"),
        ("`logits=True`", "--logits"),
        ("`logits=False`", "--probabilities"),
        ("`rewrites=()`", "--rewrites none"),
        ("`resume=runs/my run`", "skinlite train --resume 'runs/my run'"),
        ("`install_runtime=True`", "skinlite serve --install-runtime"),
        ("`quantize` 'int4'", "--quantize 'int4'"),
        ("no setting", "no setting"),
        ("`Not one`", "`Not one`"),
    ],
)
def test_settings_become_flags(setting: str, flag: str) -> None:
    assert as_flags(f"Use {setting}, or not.") == f"Use {flag}, or not."


def test_the_library_does_not_know_the_command_line() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {line.strip()}"
        for package in PACKAGES
        for path in package.rglob("*.py")
        if "cli" not in path.parts and path.relative_to(package).as_posix() not in COMMANDS
        for line in path.read_text().splitlines()
        if FLAG.search(line) and "npm" not in line and "quiet =" not in line
    ]
    assert found == []


def test_the_settings_that_messages_name_are_options() -> None:
    named = {
        as_flags(found[0])
        for package in PACKAGES
        for path in package.rglob("*.py")
        for message in messages_in(path)
        for found in SETTING.finditer(message)
    }
    words = {word for flags in named for word in flags.split() if word.startswith("--")}
    assert len(words) > 20
    assert words <= set(options_of(typer.main.get_command(app)))


def messages_in(path: Path) -> Iterator[str]:
    """The texts of errors and warnings in a module; of what is filled in, X."""
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call) or not re.search(
            r"(Error|warn)$", ast.unparse(call.func)
        ):
            continue
        for text in call.args:
            if isinstance(text, ast.Constant):
                yield str(text.value)
            if isinstance(text, ast.JoinedStr):
                parts = [getattr(part, "value", "X") for part in text.values]
                yield "".join(part if isinstance(part, str) else "X" for part in parts)


def options_of(command: Any) -> Iterator[str]:
    for parameter in command.params:
        yield from parameter.opts
    for inner in getattr(command, "commands", {}).values():
        yield from options_of(inner)


def test_on_and_off() -> None:
    assert parse_gates("on") == Gates()
    assert parse_gates("off") is None


def test_limits_go_over_the_defaults() -> None:
    found = parse_gates("agreement=0.98, melanoma_recall_drop=0.01")
    assert found == Gates(agreement=0.98, melanoma_recall_drop=0.01)
    assert found.macro_auc_drop == Gates().macro_auc_drop


def test_a_toml_file(tmp_path: Path) -> None:
    path = tmp_path / "gates.toml"
    path.write_text("agreement = 0.9\nmacro_auc_drop = 0.05\n")
    assert parse_gates(str(path)) == Gates(agreement=0.9, macro_auc_drop=0.05)
    path.write_text("agreement = ")
    with pytest.raises(InputError, match=r"gates\.toml.*agreement=0\.95"):
        parse_gates(str(path))


@pytest.mark.parametrize(
    "text", ["", "strict", "accuracy=0.9", "agreement=high", "agreement=1.5", "agreement=-1", "="]
)
def test_nonsense_lists_the_gates(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_gates(text)
    for name in Gates.model_fields:
        assert f"{name}=" in str(caught.value)


def test_kits() -> None:
    assert parse_kits("") == ()
    assert parse_kits("web, android,web") == ("web", "android")
    with pytest.raises(InputError, match=r"no kit 'windows'.*android, ios, react-native, web"):
        parse_kits("android,windows")


def test_rewrites() -> None:
    with_images = ("equalize-channels", "adaptive-rounding")
    of_the_file = ("relu-as-quantize", "space-to-depth", "float16-kernels")
    assert parse_rewrites("all") == ALL == (*REWRITES, *with_images, *of_the_file)
    assert parse_rewrites("none") == ()
    given = "fold-scales, unfuse-hard-swish"
    assert parse_rewrites(given) == ("unfuse-hard-swish", "fold-scales")  # the order they need
    but = parse_rewrites("all, -fold-scales,-float16-kernels")
    assert but == tuple(name for name in ALL if name not in ("fold-scales", "float16-kernels"))
    for text, unknown in {
        "unfuse": "unfuse",
        "all,-unfuse": "-unfuse",
        "all,fold-scales": "fold-scales",
        "-fold-scales": "-fold-scales",
        "fold-scales,": "",
    }.items():
        with pytest.raises(InputError, match=rf"no rewrite '{unknown}'.*all,-NAME.*float-softmax"):
            parse_rewrites(text)


@pytest.mark.parametrize(
    ("command", "new", "old"),
    [
        ("train", "--epoch-images", "--epoch-pictures"),
        ("export", "--calibration-images", "--calibration-pictures"),
    ],
)
def test_flags_of_older_versions_still_work(command: str, new: str, old: str) -> None:
    made = typer.main.get_command(app).commands[command]  # type: ignore[attr-defined]
    (option,) = [parameter for parameter in made.params if old in parameter.opts]
    assert option.opts == [new, old]
    context = made.make_context(command, [old, "7"])
    assert context.params[option.name] == made.make_context(command, [new, "7"]).params[option.name]
    assert context.params[option.name] == 7


def test_operating_points_are_read_or_refused() -> None:
    assert parse_points(["mel:0.95, Malignant:0.9", "mel+bcc:0.5"]) == {
        "mel": 0.95,
        "malignant": 0.9,
        "mel+bcc": 0.5,
    }
    assert parse_points(None) is None and parse_points(["off"]) == {}
    for text in ("mel", "mel:", ":0.9", "mel:1", "mel:nan", "mel:0.9,mel:0.8", ""):
        with pytest.raises(InputError, match=r"--operating-point .* such as mel:0.95"):
            parse_points([text])
