from django.core.cache import cache

def ping_cache() -> None:
    cache.get("ping")
