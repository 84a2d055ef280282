"""How tools and archives spell what is known of a patient, brought to HAM10000's words."""

import pandas as pd

from skinlite.vocabulary import ARCHIVE_SITES, LOCALIZATIONS, UNKNOWN

BLANKS = ("", UNKNOWN, "na", "n/a", "nan", "none", "null")
"""What tools write for a value that is missing, lower case."""

SEXES = {"m": "male", "f": "female"}

SPECIAL_SITES = {
    "acral nos": "acral",
    "acral palms or soles": "acral",
    "oral or genital": "genital",
}
"""The ISIC Archive's ``anatom_site_special`` where HAM10000 has the site; nails it has not."""

SITE_COLUMNS = tuple(f"anatom_site_{level}" for level in range(1, 6))
SITE_LEVELS = {
    "head and neck": "head/neck",
    "anogenital region": "oral/genital",
    "genital region": "genital",
    "anterior trunk": "anterior torso",
    "lateral trunk": "lateral torso",
    "posterior trunk": "posterior torso",
    "anterior chest": "chest",
    "anterior abdomen": "abdomen",
    "palm of hand": "acral",
    "sole of foot": "acral",
}
"""Names in the ISIC Archive's ``anatom_site_1`` to ``anatom_site_5`` that HAM10000 has otherwise.

Source: ``anatom_site_hierarchical.py`` of the package isic-metadata 6.1.
"""


def spell_out(frame: pd.DataFrame) -> pd.DataFrame:
    """A table with the columns age, sex and localization, as far as present, in HAM10000's words.

    An age is a number of years, "" where missing: ``54,0`` is 54.0, and ``85+``, under which the
    ISIC Archive keeps all who are older, 85. What can't be understood stays as it is, for
    `skinlite.data.check` to tell.
    """
    frame = _sites(frame)
    for column, spelled in {"sex": SEXES, "localization": ARCHIVE_SITES}.items():
        if column in frame:
            words = dict.fromkeys(BLANKS, UNKNOWN) | spelled
            frame[column] = frame[column].str.lower().replace(words)
    if "age" in frame:
        years = frame["age"].mask(frame["age"].str.lower().isin(BLANKS), "")
        frame["age"] = years.str.replace(r"^(\d+),(\d+)$", r"\1.\2", regex=True).str.replace(
            r"^(\d+)\+$", r"\1", regex=True
        )
    return frame


def _sites(frame: pd.DataFrame) -> pd.DataFrame:
    """The ISIC Archive's finer columns for the site, where it has them, in ``localization``."""
    levels = [name for name in SITE_COLUMNS if name in frame]
    if levels and "localization" not in frame:
        known = frame[levels].apply(lambda column: column.str.lower().replace(SITE_LEVELS))
        # The finest level that HAM10000 has a word for.
        known = known.where(known.isin({*LOCALIZATIONS, *ARCHIVE_SITES}))
        frame["localization"] = known.ffill(axis=1).iloc[:, -1].fillna(UNKNOWN)
    if "anatom_site_special" in frame and "localization" in frame:
        special = frame["anatom_site_special"].str.lower().map(SPECIAL_SITES)
        frame["localization"] = special.fillna(frame["localization"])
    return frame
