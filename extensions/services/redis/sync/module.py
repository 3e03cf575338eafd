"""The cache: values that expire. What is lost can be computed or fetched again."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from redis import Redis
from redis.exceptions import RedisError

from .settings import Settings

log = logging.getLogger(__name__)


class Cache:
    """Redis, or nothing: then every value is missing, and the application works all the same."""

    def __init__(self, redis: Redis | None) -> None:
        self.redis = redis

    def get(self, key: str) -> str | None:
        try:
            value = self.redis.get(key) if self.redis else None
        except RedisError as error:
            log.warning("not read from the cache: %s", type(error).__name__)
            return None
        return value if isinstance(value, str) else None

    def set(self, key: str, value: str, seconds: int) -> None:
        """Every entry expires: a full memory then costs the oldest ones, and nothing else."""
        try:
            if self.redis:
                self.redis.set(key, value, ex=seconds)
        except RedisError as error:
            log.warning("not written to the cache: %s", type(error).__name__)

    @property
    def ping(self) -> Callable[[], object] | None:
        """Raises if Redis does not respond; none if there is no Redis."""
        return self.redis.ping if self.redis else None


@contextmanager
def connect(settings: Settings) -> Iterator[Cache]:
    address = settings.address("cache")
    if address is None:
        yield Cache(None)
        return
    redis = Redis.from_url(
        address,
        decode_responses=True,
        # A cache that takes longer than this is slower than doing without.
        socket_timeout=0.5,
        socket_connect_timeout=0.5,
    )
    with redis:
        yield Cache(redis)
