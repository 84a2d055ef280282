"""What a reader has to know before any figure."""

from collections.abc import Sequence

from skinlite_benchmarks.results.results import Contestant, Host


def notices(
    host: Host,
    contestants: Sequence[Contestant],
    reference: Contestant | None,
    interrupted: bool,
) -> tuple[str, ...]:
    """The sentences, those on what everything rests on first."""
    sentences = [f"Measured on {host.kind} ({host.cpu}), not on a phone."]
    if any(contestant.synthetic for contestant in contestants):
        sentences.append(
            "Synthetic: trained and tested on generated images; the accuracy says nothing about "
            "real skin."
        )
    warned: dict[str, list[str]] = {}
    for contestant in contestants:
        if contestant.accuracy and contestant.accuracy.leaks.statement:
            leaks = contestant.accuracy.leaks
            warned.setdefault(f"({leaks.reason}).", [leaks.statement]).append(contestant.name)
    sentences += [
        f"{statement}: {', '.join(names)} {why}" for why, (statement, *names) in warned.items()
    ]
    if unproven := [
        contestant.name for contestant in contestants if contestant.network_proven is False
    ]:
        sentences.append(
            f"Unknown: whether {', '.join(unproven)} come from the network that their runs' "
            "settings and splits describe; those runs stored no hash of it."
        )
    if rejected := [contestant.name for contestant in contestants if contestant.rejected]:
        sentences.append(
            f"Rejected: the bundle of {', '.join(rejected)} failed its gates at export; don't ship "
            "it. skinlite verify BUNDLE says which."
        )
    judged = [
        contestant
        for contestant in contestants
        if reference is None or contestant.name != reference.name
    ]
    if any(
        contestant.trained is False and contestant.synthetic is not None for contestant in judged
    ):
        sentences.append(
            "Untrained: random initial weights; the predictions mean nothing. Latency and size are "
            "those of a trained network of the same shape."
        )
    if reference is not None:
        if reference.trained is False:
            sentences.append(
                f"{reference.name} has untrained weights: latency, size and memory "
                "don't depend on them; its accuracy is not measured."
            )
        others = any(contestant.format not in (None, "float32") for contestant in contestants)
        if others and not reference.theirs:  # whose format isn't known
            sentences.append(
                "A ratio between different number formats combines two gains: a smaller network, "
                "and a faster number format. The baseline's own int8 would be faster than its "
                "float32."
            )
    if any(contestant.runtime == "keras" for contestant in contestants):
        sentences.append(
            "Keras is here for comparison only: phones don't run it, and it isn't made for single "
            "images."
        )
    if interrupted:
        sentences.append("Interrupted: the report shows only the measurements until then.")
    return tuple(sentences)
