"""A decision in words: what the network can't rule out, never a diagnosis."""

from skinlite_export.decision.operating_points import MALIGNANT
from skinlite_export.manifest.decision import Decided
from skinlite_export.manifest.manifest import Manifest

UNFAMILIAR = (
    "This does not look like an image that this network knows: its colours or its contrast are "
    "unlike those of the training images. Its probabilities would mean nothing."
)


def in_words(decided: Decided, manifest: Manifest) -> list[str]:
    """One sentence for each thing that was decided.

    Args:
        decided: of one image.
        manifest: of the bundle that decided.
    """
    if not decided.familiar:
        return [UNFAMILIAR]
    names = [manifest.classes[code] for code in decided.classes]
    if len(names) == len(manifest.classes):
        sentences = ["Not sure: could be any of the classes."]
    elif len(names) == 1:
        sentences = [f"The network's probabilities point to one class: {names[0]}."]
    else:
        sentences = [f"Not sure: could be {', '.join(names[:-1])} or {names[-1]}."]
    points = manifest.decision.points if manifest.decision else {}
    for name, reached in decided.points.items():
        point = points[name]
        known = " or ".join(manifest.classes[code] for code in point.classes)
        what = name if name == MALIGNANT else known
        side = "At or above" if reached else "Below"
        sentences.append(
            f"{side} the threshold for {what}, which was chosen for a sensitivity of "
            f"{point.asked:g}."
        )
    return sentences
