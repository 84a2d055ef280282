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
    found = [f"Measured on {host.kind} ({host.cpu}), not on a phone."]
    if any(one.synthetic for one in contestants):
        found.append(
            "Synthetic: trained and judged on generated images; the accuracy says nothing about "
            "real skin."
        )
    warned: dict[str, list[str]] = {}
    for one in contestants:
        if one.accuracy and one.accuracy.leaks.statement:
            leaks = one.accuracy.leaks
            warned.setdefault(f"({leaks.reason}).", [leaks.statement]).append(one.name)
    found += [f"{said}: {', '.join(names)} {why}" for why, (said, *names) in warned.items()]
    if unproven := [one.name for one in contestants if one.network_proven is False]:
        found.append(
            f"Unknown: whether {', '.join(unproven)} come from the network that their runs' "
            "settings and splits are about; those runs kept no hash of it."
        )
    judged = [one for one in contestants if reference is None or one.name != reference.name]
    if any(one.trained is False and one.synthetic is not None for one in judged):
        found.append(
            "Untrained: initialised weights; the answers mean nothing. Latency and size are those "
            "of a trained network of the same shape."
        )
    if reference is not None:
        if reference.trained is False:
            found.append(
                f"{reference.name} carries untrained weights: latency, size and memory "
                "don't depend on them; its accuracy is not measured."
            )
        if any(one.format not in (None, "float32") for one in contestants):
            found.append(
                "A ratio between number formats mixes two gains: a smaller network, and cheaper "
                "numbers. The reference's own int8 would be faster than its float32."
            )
    if any(one.runtime == "keras" for one in contestants):
        found.append(
            "Keras stands here for context: it is no runtime of a phone, and an image alone is "
            "not what it is built for."
        )
    if interrupted:
        found.append("Interrupted: only what was measured until then is shown.")
    return tuple(found)
