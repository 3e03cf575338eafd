"""Where settings come from, and what production refuses. Each app adds its own fields."""

import os
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import SecretStr, ValidationError, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

# What people leave behind in an example file.
PLACEHOLDERS = {"", "change-me", "changeme", "development", "password", "secret"}


class SecretFiles(PydanticBaseSettingsSource):
    """NAME from the file that NAME_FILE names: how Docker and Kubernetes hand secrets over."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        variable = f"{field_name}_file".upper()
        path = os.environ.get(variable)
        try:
            return Path(path).read_text().strip() if path else None, field_name, False
        except OSError as error:
            raise SettingsError(f"{variable}: {error.strerror}: {path}") from None

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields.items()
        values = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in values.items() if value is not None}


class Environment(BaseSettings):
    """Each field is read from the environment variable of its name, in capitals."""

    # An error names the variable, never its value: that may be a secret.
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @model_validator(mode="after")
    def refuse_placeholders(self) -> Self:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr) and self.is_placeholder(value.get_secret_value()):
                raise ValueError(f"{name.upper()} is a placeholder: set it, or {name.upper()}_FILE")
        return self

    def is_placeholder(self, value: str | None) -> bool:
        return self.environment == "production" and value in {None, *PLACEHOLDERS}

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, SecretFiles(settings_cls), env_settings, dotenv_settings

    @classmethod
    def load(cls) -> Self:
        """The settings, or an end with one line for each variable that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            problems = [describe(**problem) for problem in error.errors(include_input=False)]
        except SettingsError as error:
            problems = [f"  {error}"]
        raise SystemExit("\n".join(["These settings stop the start:", *problems]))


def describe(loc: tuple[int | str, ...], msg: str, **_: Any) -> str:
    variable = "_".join(map(str, loc)).upper()
    return f"  {variable}: {msg}" if variable else f"  {msg.removeprefix('Value error, ')}"
