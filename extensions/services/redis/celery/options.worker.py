# What tasks return is dropped, unless somebody wants to fetch it.
"result_backend": settings.results and settings.results.get_secret_value(),
