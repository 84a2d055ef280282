"""The JSON Schemas of a bundle's documents, and of phone.json; they lie beside this file.

Generated from the pydantic models by ``python -m skinlite_export.schemas``; a test sees to it.
"""

import json
from pathlib import Path

from pydantic import BaseModel

from skinlite.data.patient import PatientEncoder
from skinlite_export.bundle.golden import Vectors
from skinlite_export.diagnosis.phone_outputs import Outputs
from skinlite_export.manifest.manifest import Manifest

FOLDER = Path(__file__).parent

DOCUMENTS: dict[str, type[BaseModel]] = {
    "manifest": Manifest,
    "outputs": Outputs,
    "patient_encoding": PatientEncoder,
    "vectors": Vectors,
}
"""Models by the name of their schema."""


def schema_of(name: str) -> str:
    """The text of a schema: of the document as it is written, so that what is always there is
    required."""
    schema = DOCUMENTS[name].model_json_schema(mode="serialization")
    known = {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}
    return json.dumps(known, indent=2) + "\n"


def path_of(name: str) -> Path:
    """Where a schema is kept."""
    return FOLDER / f"{name}.schema.json"
