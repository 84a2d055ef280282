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
            "Synthetic: trained and judged on generated images; the accuracy says nothing about "
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
            "settings and splits are about; those runs kept no hash of it."
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
            "Untrained: initialised weights; the predictions mean nothing. Latency and size are "
            "those of a trained network of the same shape."
        )
    if reference is not None:
        if reference.trained is False:
            sentences.append(
                f"{reference.name} carries untrained weights: latency, size and memory "
                "don't depend on them; its accuracy is not measured."
            )
        if any(contestant.format not in (None, "float32") for contestant in contestants):
            sentences.append(
                "A ratio between number formats mixes two gains: a smaller network, and cheaper "
                "numbers. The baseline's own int8 would be faster than its float32."
            )
    if any(contestant.runtime == "keras" for contestant in contestants):
        sentences.append(
            "Keras stands here for context: it is no runtime of a phone, and an image alone is "
            "not what it is built for."
        )
    if interrupted:
        sentences.append("Interrupted: only what was measured until then is shown.")
    return tuple(sentences)
