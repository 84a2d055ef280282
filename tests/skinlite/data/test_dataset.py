"""`Dataset`."""

from skinlite.data.dataset import identity


def test_identity_does_not_hang_on_the_order() -> None:
    assert identity(["b", "a"]) == identity(["a", "b"]) != identity(["a", "c"])
