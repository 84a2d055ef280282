"""``skinlite verify``: is it the bundle that was exported, and does it answer the same here?"""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from skinlite.cli.shared import JsonOption, output
from skinlite.errors import GateError
from skinlite.process.optional_packages import need

if TYPE_CHECKING:
    from skinlite_export.bundle.folder import Bundle
    from skinlite_export.diagnosis.diagnose import Diagnosis


def verify(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    outputs: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE.json",
            help="Outputs of a phone for the golden vectors: reports which stage is wrong, and "
            "why. The format is in docs/phone.md.",
        ),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            metavar="PUB.pem",
            help="Refuse a bundle that isn't signed with this key's private half. Hashes alone "
            "don't show who made a bundle.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Check hashes, contents and signature of a bundle, and run its golden vectors here."""
    from skinlite_export.bundle.folder import open_bundle
    from skinlite_export.diagnosis.diagnose import diagnose
    from skinlite_export.verify.gates import check_gates

    signed = []
    if key:  # before anything in the bundle is believed
        need("cryptography", "sign")
        from skinlite_export.bundle.signing import check_signature, read_public_key

        signed.append(check_signature(bundle, read_public_key(key)))
    opened = open_bundle(bundle)
    found = signed + check_whole(opened)
    signature = "valid" if key else "not checked" if opened.signed else "none"
    status, leaks = opened.manifest.status, opened.manifest.leaks
    diagnosis = diagnose(opened, outputs) if outputs else None
    if as_json:
        data: dict[str, object] = {
            "status": status,
            "leaky": leaks.state == "found",
            "leaks": leaks.model_dump(),
            "signature": signature,
            "checks": found,
        }
        if diagnosis:
            data["outputs"] = diagnosis.model_dump()
        output.print_json(data=data)
    else:
        output.print(f"{len(opened.manifest.files)} files: hashes as in manifest.json")
        output.print(*found, sep="\n", markup=False)
        if signature == "not checked":
            output.print("signature: not checked; give the public key with --key")
        output.print(f"status: {status}; {leaks.warning or f'leaks: {leaks}'}", markup=False)
        if diagnosis:
            _print_diagnosis(diagnosis)
    if diagnosis and diagnosis.faults:
        raise GateError(
            f"{outputs}: {', '.join(diagnosis.faults)} of the phone differ from the bundle."
        )
    check_gates(opened.manifest, bundle)


def check_whole(bundle: "Bundle") -> list[str]:
    """Everything that can be checked without a key.

    Returns:
        A line for each check that passed.

    Raises:
        InputError: the first that didn't.
    """
    from skinlite_export.bundle.check_golden import check_golden

    return [*check_contents(bundle), *check_golden(bundle)]


def check_contents(bundle: "Bundle") -> list[str]:
    """The part of `check_whole` for which no model runs."""
    from skinlite_export.metadata.check import check_metadata
    from skinlite_export.verify.consistency import check_consistency
    from skinlite_export.verify.tensor_check import check_tensors

    bundle.check_files()
    return [check(bundle) for check in (check_consistency, check_metadata, check_tensors)]


def _print_diagnosis(diagnosis: "Diagnosis") -> None:
    checked = diagnosis.golden - len(diagnosis.missing)
    missing = f" (not in the file: {', '.join(diagnosis.missing)})" if diagnosis.missing else ""
    output.print(
        f"{escape(diagnosis.device) or 'the phone'}: {checked} of {diagnosis.golden} "
        f"images{escape(missing)}"
    )
    for finding in diagnosis.findings:
        if finding.fault:
            what = escape(f"{finding.fault} ({', '.join(finding.pictures)})")
            output.print(f"[red]wrong[/] {finding.stage}: {what}")
        else:
            output.print(f"[green]right[/] {finding.stage}, {finding.checked} images")
