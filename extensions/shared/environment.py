"""Where settings come from, and what production refuses. Each app adds its own fields."""

import os
from pathlib import Path
from typing import Any, ClassVar, Literal, Self
from urllib.parse import quote, unquote, urlsplit

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
        if not path:
            return None, field_name, False
        try:
            value = Path(path).read_text(encoding="utf-8").strip()
        except OSError as error:
            raise SettingsError(f"{variable}: {error.strerror}: {path}") from None
        except UnicodeDecodeError:
            raise SettingsError(f"{variable}: not text in UTF-8: {path}") from None
        if "\n" in value:
            raise SettingsError(f"{variable}: more than one line: {path}")
        return value, field_name, False

    def __call__(self) -> dict[str, Any]:
        fields = self.settings_cls.model_fields.items()
        values = {name: self.get_field_value(field, name)[0] for name, field in fields}
        return {name: value for name, value in values.items() if value is not None}


class Environment(BaseSettings):
    """Each field is read from the environment variable of its name, in capitals."""

    # An error names the variable, never its value: that may be a secret.
    model_config = SettingsConfigDict(env_file=".env", extra="ignore", hide_input_in_errors=True)

    # Services, each with fields NAME_url and NAME_password, and what their URLs start with.
    # Production does not start without them.
    addresses: ClassVar[dict[str, tuple[str, ...]]] = {}

    environment: Literal["development", "production"] = "development"
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    def address(self, service: str) -> str | None:
        """The service's URL with its password; none if no URL is set. Do not print it."""
        url: SecretStr | None = getattr(self, f"{service}_url")
        password: SecretStr | None = getattr(self, f"{service}_password")
        if url is None:
            return None
        parts = urlsplit(url.get_secret_value())
        if parts.password is None and password is not None:
            user, _, host = parts.netloc.rpartition("@")
            # A password may contain any character, an address may not.
            encoded = quote(password.get_secret_value(), safe="")
            parts = parts._replace(netloc=f"{user}:{encoded}@{host}")
        return parts.geturl()

    @model_validator(mode="after")
    def check_addresses(self) -> Self:
        for service, schemes in self.addresses.items():
            variable = f"{service}_url".upper()
            url: SecretStr | None = getattr(self, f"{service}_url")
            if url is None:
                if self.environment == "production":
                    raise ValueError(f"{variable} is missing: set it, or {variable}_FILE")
                continue
            if not is_address(url.get_secret_value(), schemes):
                raise ValueError(f"{variable} must look like {schemes[0]}://user@host")
            password = urlsplit(self.address(service) or "").password
            if self.is_placeholder(None if password is None else unquote(password)):
                name = f"{service}_password".upper()
                raise ValueError(f"{name} is missing or a placeholder: set it, or {name}_FILE")
        return self

    @model_validator(mode="after")
    def refuse_placeholders(self) -> Self:
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, SecretStr) and self.is_placeholder(value.get_secret_value()):
                raise ValueError(f"{name.upper()} is a placeholder: set it, or {name.upper()}_FILE")
        return self

    def is_placeholder(self, value: str | None) -> bool:
        unset = value is None or value.lower() in PLACEHOLDERS
        return self.environment == "production" and unset

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
        """The settings, or an exit with one line for each variable that is wrong."""
        try:
            return cls()
        except ValidationError as error:
            problems = [describe(**problem) for problem in error.errors(include_input=False)]
        except SettingsError as error:
            problems = [f"  {error}"]
        raise SystemExit("\n".join(["Invalid settings:", *problems]))


def is_address(url: str, schemes: tuple[str, ...]) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # whose own words may quote the password
        return False


def describe(loc: tuple[int | str, ...], msg: str, **_: Any) -> str:
    variable = "_".join(map(str, loc)).upper()
    return f"  {variable}: {msg}" if variable else f"  {msg.removeprefix('Value error, ')}"
