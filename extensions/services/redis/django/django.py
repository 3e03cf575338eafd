# Without a URL, development keeps the cache in the process.
CACHES: dict[str, dict[str, Any]] = {
    "default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"},
}
if cache := config.address("cache"):
    CACHES["default"] = {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": cache,
        # Every entry expires: a full memory then costs the oldest ones, and nothing else.
        "TIMEOUT": 300,
        # A cache that takes longer than this is slower than doing without.
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
