"""Which paths the server answers: a fixed list, made before the first request.

A request's path is looked up in it as it was sent. Nothing is decoded, joined or normalised, so
there is no spelling of a path that leads elsewhere.
"""

import hashlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from skinlite_export.bundle.folder import MANIFEST, Bundle
from skinlite_export.bundle.kits import kits_folder
from skinlite_export.serve.runtime import FILES

PAGE = Path(__file__).parent / "page"
TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}


@dataclass(frozen=True)
class Asset:
    """One file that is handed out."""

    path: Path
    etag: str

    @property
    def kind(self) -> str:
        """The content type."""
        return TYPES.get(self.path.suffix, "application/octet-stream")


def build_site(bundle: Bundle, runtime: Path) -> dict[str, Asset]:
    """Every path that may be asked for, and its file: page, kit, LiteRT.js, and the bundle.

    Args:
        bundle: only what its manifest lists; its files were checked.
        runtime: of `skinlite_export.serve.runtime.find_runtime`.
    """
    files = {f"/{path.name}": path for path in PAGE.iterdir() if path.is_file()}
    files["/"] = files.pop("/index.html")
    files |= {f"/kit/{path.name}": path for path in (kits_folder() / "web").glob("*.js")}
    files |= {f"/runtime/{name}": runtime / name for name in FILES}
    listed = [MANIFEST, *bundle.manifest.files]
    files |= {f"/bundle/{PurePosixPath(name)}": bundle.path / name for name in listed}
    return {name: Asset(path, _etag(path)) for name, path in files.items()}


def _etag(path: Path) -> str:
    """Changes when the file does; spares a phone the second download of 9 MB."""
    about = path.stat()
    known = f"{path}:{about.st_size}:{about.st_mtime_ns}"
    return f'"{hashlib.sha256(known.encode()).hexdigest()[:32]}"'
