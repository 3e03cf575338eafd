from typing import Self
from pydantic import PositiveInt, SecretStr, model_validator

    # Signs sessions and other cookies: whoever knows it can forge them.
    secret_key: SecretStr = SecretStr("development")
    # Bytes. A larger body is refused with 413: it may be held in memory.
    max_body: PositiveInt = 1_048_576

    @model_validator(mode="after")
    def require_secret_key_in_production(self) -> Self:
        if self.environment == "production" and len(self.secret_key.get_secret_value()) < 32:
            raise ValueError("SECRET_KEY is too short: it needs at least 32 characters")
        return self
