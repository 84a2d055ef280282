"""docs/python.md: the public names of the three packages, from their signatures and docstrings.

``python -m skinlite.api.reference`` writes it anew; a test sees to it.
"""

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from types import ModuleType
from typing import Any

PAGE = Path(__file__).parents[2] / "docs" / "python.md"
WIDTH = 80
"""Of a line of a signature."""

PACKAGES = ("skinlite", "skinlite_export", "skinlite_benchmarks")

HEAD = """# From Python

The public functions and classes of the three packages; the command line uses the same functions.
Importing a package is fast: a name is loaded when it is first used. Wrong settings
and files raise `skinlite.errors.InputError`, whose message names the setting as on this page.

Written by `make docs` from signatures and docstrings.
"""


def page() -> str:
    """The whole page, as Markdown."""
    parts = [HEAD]
    for package in map(importlib.import_module, PACKAGES):
        for name in sorted(
            getattr(package, "__all__", ()), key=lambda name: (name[0].isupper(), name)
        ):
            parts.append(_entry(package, name))
    return "\n".join(parts)


def _entry(package: ModuleType, name: str) -> str:
    thing = getattr(package, name)
    lines = [f"## `{package.__name__}.{name}`", "", _code(_signature(thing)), "", _text(thing), ""]
    for member, value in vars(thing).items() if inspect.isclass(thing) else ():
        target = value.fget if isinstance(value, property) else value
        if not member.startswith("_") and inspect.isfunction(target) and target.__doc__:
            if isinstance(value, property):
                lines += [f"### `{name}.{member}`", ""]
            else:
                lines += [f"### `{name}.{member}()`", "", _code(_signature(target)), ""]
            lines += [_text(target), ""]
    return "\n".join(lines)


def _signature(thing: Any) -> str:
    """How a function is called, or which fields a class has, as its source has them."""
    if inspect.isclass(thing):
        bases = [base for base in reversed(thing.__mro__) if base.__module__.startswith("skinlite")]
        fields = [part for base in bases for part in _parsed(base).body]
        lines = [f"    {ast.unparse(part)}" for part in fields if isinstance(part, ast.AnnAssign)]
        return _quoted("\n".join([f"class {thing.__name__}:", *lines]))
    node = _parsed(thing)
    for argument in [*node.args.args, *node.args.kwonlyargs]:
        if isinstance(argument.annotation, ast.Constant):  # quoted, since it is imported lazily
            argument.annotation = ast.Name(str(argument.annotation.value))
    result = ast.unparse(node.returns).strip("'")
    parts = _arguments(node.args)
    short = f"{node.name}({', '.join(parts)}) -> {result}"
    long = "\n".join([f"{node.name}(", *(f"    {part}," for part in parts), f") -> {result}"])
    return _quoted(short if len(short) <= WIDTH else long)


def _quoted(source: str) -> str:
    """With double quotes around strings, as ruff has them; apostrophes within stay."""
    return re.sub("'([^'\"]*)'", r'"\1"', source)


def _parsed(thing: Any) -> Any:
    """The syntax tree of a class or function."""
    return ast.parse(textwrap.dedent(inspect.getsource(thing))).body[0]


def _arguments(given: ast.arguments) -> list[str]:
    """Each argument with its type and default; a lone ``*`` where names are needed from there."""
    plain = [None] * (len(given.args) - len(given.defaults)) + [*given.defaults]
    parts = [_argument(*pair) for pair in zip(given.args, plain, strict=True)]
    if given.kwonlyargs:
        parts += ["*"]
    parts += [_argument(*pair) for pair in zip(given.kwonlyargs, given.kw_defaults, strict=True)]
    if given.kwarg:
        parts += [f"**{ast.unparse(given.kwarg)}"]
    return [part for part in parts if part != "self"]


def _argument(argument: ast.arg, default: ast.expr | None) -> str:
    return ast.unparse(argument) + (f" = {ast.unparse(default)}" if default else "")


def _code(text: str) -> str:
    return f"```python\n{text}\n```"


def _text(thing: Any) -> str:
    """A docstring in Google's form as Markdown: its sections as lists."""
    lines, listing = [], False
    for line in (inspect.getdoc(thing) or "").splitlines():
        if heading := re.fullmatch(r"(Args|Attributes|Raises|Returns|Warns):", line):
            lines += [f"**{heading[1]}**", ""]
            listing = heading[1] != "Returns"
        elif listing and (item := re.fullmatch(r" {4}([*\w]+): (.*)", line)):
            lines.append(f"* `{item[1]}`: {item[2]}")
        elif listing and line:
            lines.append(f"  {line.strip()}")
        else:  # before the sections an indented line is code
            lines.append(line.removeprefix("    ") if "**Returns**" in lines else line)
    return "\n".join(lines).replace("``", "`").strip()


if __name__ == "__main__":
    PAGE.write_text(page())
