from pydantic import PositiveInt

    # /docs and /openapi.json: shown in development, and in production only on request.
    docs: bool | None = None
    # Bytes. A larger body is refused with 413: it would be held in memory. Routes can override it.
    max_body: PositiveInt = 1_048_576

    @property
    def shows_docs(self) -> bool:
        return self.environment == "development" if self.docs is None else self.docs
