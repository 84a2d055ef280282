"""`check_gates`: an error where a file did not keep the diagnosis."""

from pathlib import Path

from skinlite.errors import GateError
from skinlite_export.manifest.manifest import Manifest


def check_gates(manifest: Manifest, bundle: Path) -> None:
    """Refuse a bundle of which a gate did not hold; on the command line that is exit code 3.

    Raises:
        GateError: names every gate that failed.
    """
    mark = manifest.leaks.mark
    failed = [gate.sentence() + mark for gate in manifest.verification.gates if gate.fails]
    if failed:
        raise GateError(
            f"{len(failed)} gate(s) failed, so {bundle} is marked rejected: {'; '.join(failed)}"
        )
    if manifest.search and not manifest.search.found:
        most = len(manifest.search.steps[-1].kept)
        raise GateError(
            f"{most} layers in float aren't enough to pass the gates on the validation split, so "
            f"{bundle} is marked rejected. Use `quantize='float16'`, or loosen `gates`."
        )
