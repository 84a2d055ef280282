"""``skinlite verify``: is it the bundle that was exported, and does it answer the same here?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from skinlite.cli.shared import JsonOption, output
from skinlite.cli.tables import check_gates
from skinlite.errors import GateError

if TYPE_CHECKING:
    from skinlite_export.diagnosis import Diagnosis


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    outputs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="What a phone computed for the golden vectors: which of its stages is wrong, "
            "and why. The format is in docs/phone.md.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check every hash of a bundle, and run its golden vectors on this machine."""
    from skinlite_export.bundle import open_bundle
    from skinlite_export.diagnosis import diagnose
    from skinlite_export.golden import check_golden
    from skinlite_export.metadata_check import check_metadata

    opened = open_bundle(bundle)
    opened.check_files()
    found = [check_metadata(opened), *check_golden(opened)]
    status, leaks = opened.manifest.status, opened.manifest.leaks
    told = diagnose(opened, outputs) if outputs else None
    if as_json:
        data: dict[str, object] = {"status": status, "leaky": leaks.state == "found"}
        data |= {"leaks": leaks.model_dump(), "checks": found}
        if told:
            data["outputs"] = told.model_dump()
        output.print_json(data=data)
    else:
        output.print(f"{len(opened.manifest.files)} files: unchanged since the export")
        output.print(*found, sep="\n")
        output.print(f"status: {status}; {leaks.warning or f'leaks: {leaks}'}", markup=False)
        if told:
            _print_diagnosis(told)
    if told and told.faults:
        raise GateError(
            f"{outputs}: {', '.join(told.faults)} of the phone differ from the bundle's."
        )
    check_gates(opened.manifest, bundle)


def _print_diagnosis(told: "Diagnosis") -> None:
    checked = told.golden - len(told.missing)
    missing = f" (not handed in: {', '.join(told.missing)})" if told.missing else ""
    output.print(
        f"{escape(told.device) or 'the phone'}: {checked} of {told.golden} pictures{missing}"
    )
    for one in told.findings:
        if one.fault:
            pictures = ", ".join(one.pictures)
            output.print(f"[red]wrong[/] {one.stage}: {escape(one.fault)} ({pictures})")
        else:
            output.print(f"[green]right[/] {one.stage}, {one.checked} pictures")
