"""Names that never change: the model's tensors, HAM10000's diagnoses, sexes and sites.

Source: Tschandl, Rosendahl, Kittler, "The HAM10000 dataset", Scientific Data 5, 180161 (2018).
"""

IMAGE, PATIENT, PROBABILITIES = "image", "patient", "probabilities"
"""Names of the inputs and of the output, in the Keras model and in every exported file."""

AGE, SEX, SITE, ATTENTION = "age", "sex", "site", "attention"
"""Names that an exported file may have besides: the patient as answered, the attention map."""

CLASSES = ("akiec", "bcc", "bkl", "df", "mel", "nv", "vasc")
"""The seven diagnoses, alphabetical; the order of every probability vector in skinlite."""

CLASS_NAMES = {
    "akiec": "Actinic keratosis / intraepithelial carcinoma",
    "bcc": "Basal cell carcinoma",
    "bkl": "Benign keratosis-like lesion",
    "df": "Dermatofibroma",
    "mel": "Melanoma",
    "nv": "Melanocytic nevus",
    "vasc": "Vascular lesion",
}

LEAKY = (
    "LEAKY split: lesions of the test images were used for training or selection, so every score "
    "is an upper bound"
)
"""Said wherever a figure of such a split stands; see `skinlite.data.splits.leaks`."""

LEAKS_UNKNOWN = "UNKNOWN whether the split leaks, so every score may be an upper bound"
"""Said where nobody knows which images show one lesion."""

UNKNOWN = "unknown"
"""The answer that means "not told", for sex and for the anatomical site."""

SEXES = ("female", "male", UNKNOWN)

LOCALIZATIONS = (
    "abdomen",
    "acral",
    "back",
    "chest",
    "ear",
    "face",
    "foot",
    "genital",
    "hand",
    "lower extremity",
    "neck",
    "scalp",
    "trunk",
    UNKNOWN,
    "upper extremity",
)

ARCHIVE_SITES = {
    "anterior torso": "abdomen",
    "posterior torso": "back",
    "lateral torso": "trunk",
    "torso": "trunk",
    "head/neck": "face",
    "palms/soles": "acral",
    "oral/genital": "genital",
}
"""The ISIC Archive's ``anatom_site_general`` values, brought to HAM10000's localizations."""

AGE_RANGE = (0.0, 120.0)
"""Years; an age outside is a fault of the data, not an old patient."""
