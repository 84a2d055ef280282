"""``skinlite predict``: one image and its patient through a bundle."""

from pathlib import Path
from typing import Annotated

import typer

from skinlite.cli.bundles.submission import answer_folder, write_answers
from skinlite.cli.parsing import parse_metadata
from skinlite.cli.shared import JsonOption, console, hold_file, output
from skinlite.cli.tables import number
from skinlite.errors import InputError


def predict(
    bundle: Annotated[Path, typer.Argument(metavar="BUNDLE", help="Bundle folder.")],
    image: Annotated[
        Path,
        typer.Argument(
            metavar="IMAGE", help="Image of one lesion; with --isic-csv a folder of images."
        ),
    ],
    age: Annotated[
        float | None, typer.Option(help="Age in years; leave it out if unknown.")
    ] = None,
    sex: Annotated[str, typer.Option(help="female, male or unknown.")] = "unknown",
    site: Annotated[str, typer.Option(help="HAM10000's localization, such as back.")] = "unknown",
    metadata: Annotated[
        list[str] | None,
        typer.Option(
            metavar="COLUMN=VALUE",
            help="Value of a column that it was trained on besides; repeat it for more.",
        ),
    ] = None,
    file: Annotated[str, typer.Option(help="Model file of the bundle.")] = "model.tflite",
    attention: Annotated[
        Path | None,
        typer.Option(metavar="FILE.png", help="Write the image with the attention map on top."),
    ] = None,
    isic_csv: Annotated[
        Path | None,
        typer.Option(
            "--isic-csv",
            metavar="FILE",
            help="Predict every image of a folder, in ISIC's format; metadata unknown.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Predict one image: probabilities, and a decision. Research software: no diagnosis."""
    import io

    from PIL import Image
    from rich.markup import escape
    from rich.table import Table

    from skinlite.data.patient import Patient
    from skinlite.files.read_write import write_atomically
    from skinlite_export.bundle.folder import open_bundle
    from skinlite_export.decision.words import in_words
    from skinlite_export.runtime.attention_overlay import overlay
    from skinlite_export.runtime.model_inputs import pixels_for, run_one

    if attention and attention.suffix.lower() != ".png":
        raise InputError(
            f"--attention {attention} is written as PNG: give a name that ends in .png."
        )
    told = parse_metadata(metadata or [])
    patient = Patient(age=age, sex=sex, localization=site, metadata=told)
    if isic_csv:
        if attention or as_json or patient != Patient():
            raise InputError(
                "--isic-csv predicts a folder of images: leave out --age, --sex, --site, "
                "--metadata, --attention and --json, which are for one image."
            )
        hold_file("--isic-csv", isic_csv)
    if attention:
        hold_file("--attention", attention)

    opened = open_bundle(bundle)
    opened.check_files()
    manifest, encoder = opened.manifest, opened.encoder()
    runner = opened.runner(file)
    for doubt in opened.doubts:
        console.print(f"[yellow]warning:[/] {escape(doubt)}")
    if isic_csv:
        write_answers(isic_csv, *answer_folder(image, runner, encoder), manifest.class_list)
        return
    pixels = run_one(runner, image, patient, encoder)
    if attention:
        found, size = runner.attention(), manifest.source.image_size
        if found is None:
            raise InputError(
                f"{file} has no attention map. Export one with: skinlite export --with-attention"
            )
        content = io.BytesIO()
        coloured = overlay(pixels, found, runner.signature.height_width, (size, size))
        Image.fromarray(coloured).save(content, "png")
        write_atomically(attention, content.getvalue())
    probabilities = runner.probabilities().tolist()
    answer = dict(zip(manifest.classes, probabilities, strict=True))
    decide = opened.decider()
    decided = decide(probabilities, pixels_for(runner, pixels)) if decide else None
    if as_json:
        data = {"probabilities": answer, "notice": manifest.notice}
        output.print_json(data=data | ({"decision": decided.model_dump()} if decided else {}))
        return
    for sentence in in_words(decided, manifest) if decided else []:
        output.print(sentence, markup=False)
    if decided is None or decided.familiar:
        table = Table("class", "", "probability")
        for name, probability in sorted(answer.items(), key=lambda item: -item[1]):
            table.add_row(name, manifest.classes[name], number(probability))
        output.print(table, markup=False)
    output.print(manifest.notice, markup=False)
