import signal
from collections.abc import Iterator
import pytest

@pytest.fixture
def own_signals() -> Iterator[None]:
    """Give pytest its signals back: Ctrl-C must stop it again."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)
