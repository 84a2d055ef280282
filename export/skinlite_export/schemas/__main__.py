"""Write every schema anew."""

from skinlite_export.schemas import DOCUMENTS, path_of, schema_of

for name in DOCUMENTS:
    path_of(name).write_text(schema_of(name))
