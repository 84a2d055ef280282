"""Kits: sample code for apps, copied into a bundle's ``kits/``.

They lie in ``export/kits/`` of a checkout, beside this file in a wheel, one folder each.
"""

import os
import shlex
import shutil
import warnings
from pathlib import Path

from skinlite.errors import InputError, SkinliteWarning
from skinlite.files.read_write import staged_folder
from skinlite_export.bundle.folder import Bundle, list_files, open_bundle, write_manifest

FOLDER = "kits"
KITS = ("android", "ios", "react-native", "web")

PLAIN = tuple(f"{name}.js" for name in ("contract", "decision", "geometry", "patient", "tensors"))
"""Modules of the web kit that need no browser, and are the React Native kit's ``plain/``."""


def kits_folder() -> Path:
    """The folder with one folder a kit."""
    package = Path(__file__).parents[1]
    installed = package / "kit_sources"
    return installed if installed.is_dir() else package.with_name("kits")


def copy_kits(bundle: Path, names: tuple[str, ...]) -> None:
    """Copy kits into a bundle folder that isn't sealed yet."""
    for name in names:
        shutil.copytree(kits_folder() / name, bundle / FOLDER / name)
        if name == "react-native":
            plain = bundle / FOLDER / name / "plain"
            plain.mkdir()
            for module in PLAIN:
                shutil.copyfile(kits_folder() / "web" / module, plain / module)


def add_kits(bundle: Bundle, names: tuple[str, ...], out: Path | None = None) -> Bundle:
    """Put kits into a bundle that is sealed, and seal it anew.

    A bundle's hashes cover its kits, for it is handed on as a whole, so its manifest lists them and
    has a new hash. All else stays: what was proven is of the model files, whose hashes are as they
    were, and a bundle that was changed since its export gets no kit.

    Args:
        bundle: to be replaced, or copied.
        names: of `KITS`.
        out: where the bundle with kits goes; left out, in the place of ``bundle``.

    Raises:
        InputError: the bundle was changed, is signed, has one of the kits, or can't be replaced;
            ``out`` is taken.
    """
    target = out or bundle.path.resolve()  # not the link to it
    if not out and not os.access(target, os.W_OK):
        raise InputError(f"Can't write {target}: it is read-only. Choose another place with `out`.")
    with staged_folder(target, replace=out is None) as folder:
        # As it is now: another kit may have come in before this one could write.
        bundle = open_bundle(bundle.path)
        bundle.check_files()
        _check_unsigned(bundle, out)
        there = [name for name in names if (bundle.path / FOLDER / name).exists()]
        if there:
            raise InputError(
                f"{bundle.path} has {', '.join(there)} in {FOLDER}/ already. Leave it out of `kit`."
            )
        for name in bundle.manifest.files:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(bundle.path / name, folder / name)
        copy_kits(folder, names)
        files = list_files(folder)
        write_manifest(folder, bundle.manifest.model_copy(update={"files": files}))
    return open_bundle(target)


def _check_unsigned(bundle: Bundle, out: Path | None) -> None:
    """A kit changes what was signed: refuse to do that in place, and tell it of a copy."""
    if not bundle.signed:
        return
    if not out:
        raise InputError(
            f"{bundle.path} is signed, and a kit changes signed files. Write a copy with `out`, "
            "and sign the copy with: skinlite sign"
        )
    warnings.warn(
        f"{bundle.path} is signed, {out} isn't: a kit changes signed files. Sign it with: "
        f"skinlite sign {shlex.quote(str(out))} `key=KEY.pem`",
        SkinliteWarning,
        stacklevel=3,
    )
