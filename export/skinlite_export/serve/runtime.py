"""LiteRT.js: installed once by `install`, pinned by version and hash.

The packages come through the user's own ``npm``; nothing of them is run here. They are unpacked
into the cache, and the page gets them from there: no CDN.
"""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from skinlite.data.cache import cache_folder
from skinlite.errors import InputError
from skinlite.files.read_write import made_once

VERSION = "2.5.3"


@dataclass(frozen=True)
class Package:
    """An npm package and the integrity (Subresource Integrity form) of its tarball."""

    name: str
    integrity: str


CORE = Package(
    "@litertjs/core",
    "sha512-PlGmbMOq9WitX7FO0jhbdJw9GthatsyuCQXjTt/wJZo0FLaw48q4tz8IwqgqCIkviYGr9OFDL1kCnN4nzWoyJQ==",
)
UTILS = Package(
    "@litertjs/wasm-utils",
    "sha512-4fJiw6tBQnIs+0jH/OQ16nYOiSl8/+zZnn5h2ul8aTKHi05sVqZW580Tmk78pC2kT39A9OYBVdFawteZ/sI1kQ==",
)
BUILDS = ("", "_compat", "_threaded")
"""Of the WebAssembly: relaxed SIMD, browsers without it, several threads."""

WASM = tuple(
    f"wasm/litert_wasm{build}_internal.{kind}" for build in BUILDS for kind in ("js", "wasm")
)
FILES = ("index.js", "wasm-utils.js", "package.json", *WASM)
"""What `runtime_folder` holds when it is complete."""


def runtime_folder() -> Path:
    """Where LiteRT.js is, or will be."""
    return cache_folder() / f"litertjs-{VERSION}"


def find_runtime() -> Path:
    """The installed LiteRT.js.

    Raises:
        InputError: it isn't installed, or not whole.
    """
    folder = runtime_folder()
    if not _is_whole(folder):
        raise InputError(
            "The page runs on LiteRT.js, which is not installed. Install it once (12 MB, by npm) "
            "with: `install_runtime=True`"
        )
    return folder


def _is_whole(folder: Path) -> bool:
    return all((folder / name).is_file() for name in FILES)


def install_runtime() -> Path:
    """Download, check and unpack LiteRT.js; does nothing where it is installed.

    Raises:
        InputError: npm is missing or fails, or a package isn't the pinned one.
    """
    with (
        made_once(runtime_folder(), _is_whole) as folder,
        tempfile.TemporaryDirectory() as scratch,
    ):
        if folder is None:
            return runtime_folder()
        core = _unpack(_download(CORE, Path(scratch)), Path(scratch) / "core")
        utils = _unpack(_download(UTILS, Path(scratch)), Path(scratch) / "utils")
        (folder / "wasm").mkdir()
        for name in ("package.json", *WASM):
            shutil.copyfile(core / name, folder / name)
        shutil.copyfile(utils / "dist" / "index.js", folder / "wasm-utils.js")
        # A browser knows no package names: what a bundler would do.
        code = (core / "dist" / "index.js").read_text("utf-8")
        code = code.replace(f'from "{UTILS.name}"', 'from "./wasm-utils.js"')
        (folder / "index.js").write_text(code, "utf-8")
    return find_runtime()


def _download(package: Package, folder: Path) -> Path:
    """The tarball of a package, as npm gives it, with the pinned hash."""
    npm = shutil.which("npm")
    if npm is None:
        raise InputError(
            "Installing LiteRT.js needs npm, which comes with Node.js (nodejs.org); on Debian: "
            "apt install npm. Then run: `install_runtime=True`"
        )
    wanted = f"{package.name}@{VERSION}"
    # It asks for its own newer version, and keeps a cache and a log in the home, unless told.
    quiet = ["--silent", "--no-update-notifier", "--logs-max=0", "--cache", str(folder / "cache")]
    done = subprocess.run(
        [npm, "pack", wanted, *quiet, "--pack-destination", str(folder)],
        capture_output=True,
        text=True,
        cwd=folder,
    )
    tarball = folder / f"{package.name.removeprefix('@').replace('/', '-')}-{VERSION}.tgz"
    if done.returncode or not tarball.is_file():
        last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
        raise InputError(f"npm could not install {wanted}: {last[0]}. Is this machine online?")
    check_integrity(tarball, package)
    return tarball


def check_integrity(tarball: Path, package: Package) -> None:
    """Compare a tarball with the hash that is pinned.

    Raises:
        InputError: it is another file.
    """
    checksum = base64.b64encode(hashlib.sha512(tarball.read_bytes()).digest()).decode()
    if package.integrity != f"sha512-{checksum}":
        raise InputError(
            f"{package.name} {VERSION} isn't the package that skinlite was tested with: its hash "
            f"is sha512-{checksum}. Nothing was installed; ask the operator of your npm registry."
        )


def _unpack(tarball: Path, folder: Path) -> Path:
    with tarfile.open(tarball) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"
