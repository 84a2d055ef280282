"""The rounds interleave, in a shuffled order; slow contestants take part in some of them."""

import pytest

from skinlite_benchmarks.measure.interleave import interleave, warm_up


class Scripted:
    """Contestants that take a constant time and write down who was asked when."""

    def __init__(self, **nanoseconds: int) -> None:
        self.log: list[str] = []
        self.untimed: dict[str, int] = {}
        self.nanoseconds = nanoseconds
        self.runs = {name: self._run(name) for name in nanoseconds}

    def _run(self, name: str):
        def run(timed: int, untimed: int) -> list[int]:
            self.log.append(name)
            self.untimed[name] = untimed
            return [self.nanoseconds[name]] * timed

        return run

    def timed(self, rounds: int, **settings):
        values = {"slow_seconds": 1e9, "seed": 0, "report": lambda *_: None} | settings
        return interleave(self.runs, rounds=rounds, **values)


def test_every_round_has_each_contestant_once_and_the_order_changes() -> None:
    scripted = Scripted(a=10**6, b=10**6, c=10**6)
    scripted.timed(50)
    turns = scripted.log[-150:]
    rounds = [tuple(turns[n : n + 3]) for n in range(0, 150, 3)]
    assert all(sorted(one) == ["a", "b", "c"] for one in rounds)
    assert len(set(rounds)) == 6  # every order of three occurs in fifty rounds


def test_order_is_seeded() -> None:
    logs = []
    for seed in (1, 1, 2):
        scripted = Scripted(a=10**6, b=10**6)
        scripted.timed(30, seed=seed)
        logs.append(scripted.log)
    assert logs[0] == logs[1] != logs[2]


def test_slow_contestants_share_every_kth_round() -> None:
    # 2 invocations of 100 ms a round are 20 s in 100 rounds; 5 s allow every fourth. The other
    # slow one would need every second and joins it. What the fast one settles doesn't count.
    scripted = Scripted(fast=10**6, slower=10**8, slow=5 * 10**7)
    samples = scripted.timed(100, slow_seconds=5).samples
    assert len(samples["fast"].turns) == 100
    assert list(samples["slower"].turns) == list(samples["slow"].turns) == list(range(0, 100, 4))


def test_fast_models_repeat_within_a_turn_and_slow_ones_do_not() -> None:
    samples = Scripted(fast=10**6, slow=10**9).timed(2).samples
    assert [len(turn) for turn in samples["fast"].turns.values()] == [10, 10]
    assert [len(turn) for turn in samples["slow"].turns.values()] == [1, 1]


def test_a_turn_settles_for_50_ms_and_one_invocation_at_least() -> None:
    scripted = Scripted(fast=10**6, slow=10**9)
    scripted.timed(1)
    assert scripted.untimed == {"fast": 50, "slow": 1}


def test_ctrl_c_keeps_the_complete_rounds() -> None:
    scripted = Scripted(a=10**6, b=10**6)

    def report(what: str, done: int, total: int) -> None:
        if what == "timing" and done == 3:
            scripted.runs["b"] = interrupt

    def interrupt(timed: int, untimed: int) -> list[int]:
        raise KeyboardInterrupt

    timed = scripted.timed(10, report=report)
    assert timed.interrupted
    assert list(timed.samples["a"].turns) == list(timed.samples["b"].turns) == [0, 1, 2]


def test_ctrl_c_before_any_round_is_passed_on() -> None:
    def interrupt(timed: int, untimed: int) -> list[int]:
        raise KeyboardInterrupt

    scripted = Scripted(a=10**6)
    scripted.runs["a"] = interrupt
    with pytest.raises(KeyboardInterrupt):
        scripted.timed(10)


def test_warm_up_waits_until_two_batches_agree() -> None:
    ms = 10**6
    batches = iter([[90 * ms] * 3, [50 * ms] * 3, [20 * ms] * 3, [20 * ms, 21 * ms, 20 * ms]])
    assert warm_up(lambda timed, untimed: next(batches)) == (20 * ms, True)
    assert next(batches, None) is None


def test_warm_up_does_not_trust_the_first_batches_of_a_fast_model() -> None:
    """Two threads that still share a core take the same time again and again."""
    invocations = iter([2 * 10**6] * 12 + [10**6] * 30)
    median, _ = warm_up(lambda timed, untimed: [next(invocations) for _ in range(timed)])
    assert median == 10**6


def test_warm_up_gives_up_on_a_restless_machine() -> None:
    times = iter(range(10**8, 10**12, 10**8))
    _, steady = warm_up(lambda timed, untimed: [next(times)] * timed)
    assert not steady
