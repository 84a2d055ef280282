"""Android's signatures as Java source, for a compiler that has no Android SDK.

They are those of API level 36, as the package chaquopy-stubs-android (MIT) has them: made from
Google's android.jar, in Python's syntax. Only what the sources name is taken. The package doesn't
tell an int from a long that is returned, nor an interface from a class without a constructor: of
those, the ones with a single method are made interfaces.
"""

import ast
import re
from pathlib import Path

PACKAGE = "chaquopy-stubs-android==36.20260406"
SIGNATURES = Path(__file__).parents[3] / "build/android"
"""Where the package is, if it is."""
CLASS = r"\bandroid(?:\.[a-z]+)+\.[A-Z]\w*"
TYPES = {
    "None": "void",
    "bool": "boolean",
    "int": "int",
    "float": "double",
    "str": "String",
    "java.chaquopy.JavaArrayJByte": "byte[]",
    "java.chaquopy.JavaArrayJInt": "int[]",
}


def write_java(stubs: Path, sources: list[Path], out: Path) -> None:
    """Write a .java file for each of Android's classes that Kotlin or Java sources use.

    Args:
        stubs: where the package is, with its folder ``android-stubs``.
        sources: what is to be compiled.
        out: folder of the .java files.
    """
    text = "\n".join(path.read_text() for path in sources)
    words = set(re.findall(r"\w+", text))
    # What Kotlin calls `text` is Java's getText and setText.
    words |= {by + word[0].upper() + word[1:] for word in words for by in ("get", "set")}
    wanted, written = re.findall(CLASS, text), set[str]()
    while wanted:
        name = wanted.pop()
        if name not in written:
            written.add(name)
            java, used = _Writer(stubs, name.rpartition(".")[0], words).source(name)
            wanted += used
            path = out / f"{name.replace('.', '/')}.java"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(java)


def _methods(node: ast.ClassDef) -> list[ast.FunctionDef]:
    return [one for one in node.body if isinstance(one, ast.FunctionDef)]


class _Writer:
    """A package of Android's, of which classes are written."""

    def __init__(self, stubs: Path, package: str, words: set[str]) -> None:
        folder = package.replace("android", "android-stubs", 1).replace(".", "/")
        body = ast.parse((stubs / folder / "__init__.pyi").read_text()).body
        self.stubs, self.package, self.words = stubs, package, words
        self.classes = {node.name: node for node in body if isinstance(node, ast.ClassDef)}
        self.used: list[str] = []

    def source(self, name: str) -> tuple[str, list[str]]:
        """A class as Java source, and the classes of Android's that it names."""
        lines = self._class(self.classes[name.rpartition(".")[2]], "public")
        return "\n".join([f"package {self.package};", "", *lines, ""]), self.used

    def _class(self, node: ast.ClassDef, how: str) -> list[str]:
        methods = _methods(node)
        if len(methods) == 1 and methods[0].name != "__init__":
            lines = [f"{how} interface {node.name} {{", f"{self._signature(node, methods[0])};"]
        else:
            lines = [f"{how} class {node.name}{self._parent(node)} {{"]
            lines += [
                f"{self._signature(node, one)} {{ throw null; }}"
                for one in methods
                if (node.name if one.name == "__init__" else one.name) in self.words
            ]
        for inner in node.body:
            if isinstance(inner, ast.AnnAssign) and isinstance(inner.target, ast.Name):
                if inner.target.id in self.words:
                    kind = self._type(ast.unparse(inner.annotation)[len("typing.ClassVar[") : -1])
                    lines.append(f"public static {kind} {inner.target.id};")
            elif isinstance(inner, ast.ClassDef):
                named = re.search(rf"{node.name}\.{inner.name}\b", "\n".join(lines))
                if named or inner.name in self.words:
                    lines += self._class(inner, "public static")
        return [*lines, "}"]

    def _parent(self, node: ast.ClassDef) -> str:
        """The base that has a constructor, or else one that has what is named."""
        bases = [base for base in map(ast.unparse, node.bases) if not base.startswith("java.")]
        for needed in ({"__init__"}, self.words):
            for base in bases:
                package, _, simple = base.rpartition(".")
                if package and not re.fullmatch(CLASS, base):
                    continue  # nested: an interface
                there = _Writer(self.stubs, package, self.words) if package else self
                if any(one.name in needed for one in _methods(there.classes[simple])):
                    return f" extends {self._type(base)}"
        return ""

    def _signature(self, owner: ast.ClassDef, node: ast.FunctionDef) -> str:
        static = any(ast.unparse(one) == "staticmethod" for one in node.decorator_list)
        given = node.args.posonlyargs if static else node.args.posonlyargs[1:]
        typed = [f"{self._type(ast.unparse(one.annotation or one))} {one.arg}" for one in given]
        if more := node.args.vararg:
            typed.append(f"{self._type(ast.unparse(more.annotation or more))}... {more.arg}")
        named = f"({', '.join(typed)})"
        if node.name == "__init__":
            return f"public {owner.name}{named}"
        kind = self._type(ast.unparse(node.returns or ast.Constant(None)))
        return f"public{' static' if static else ''} {kind} {node.name}{named}"

    def _type(self, name: str) -> str:
        """The Java of ``int | java.jint | java.lang.Integer``, ``View`` and the like."""
        name = name.split(" | ")[0].split("[")[0]
        if name in TYPES:
            return TYPES[name]
        if name.split(".")[0] in self.classes:
            name = f"{self.package}.{name}"
        if found := re.match(CLASS, name):
            self.used.append(found[0])
        return name
