"""Addresses of services: a URL from one variable, joined with the password from another."""

from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

from pydantic import SecretStr


def join(
    variable: str, url: SecretStr, password: SecretStr | None, schemes: Mapping[str, str]
) -> SecretStr:
    """The URL with the password in it, unless it brings its own; and with its scheme's query.

    A refusal names the variable and does not quote the URL, in which the password may be.
    """
    try:
        parts = urlsplit(url.get_secret_value())
        complete = parts.scheme in schemes and parts.hostname and parts.port != 0
    except ValueError:
        complete = False
    if not complete:
        raise ValueError(f"{variable} must look like {next(iter(schemes))}://user@host") from None
    if parts.password is None and password is not None:
        user, _, host = parts.netloc.rpartition("@")
        # A password may hold anything, an address may not.
        encoded = quote(password.get_secret_value(), safe="")
        parts = parts._replace(netloc=f"{user}:{encoded}@{host}")
    return SecretStr(parts._replace(query=parts.query or schemes[parts.scheme]).geturl())


def password_in(address: SecretStr) -> str | None:
    password = urlsplit(address.get_secret_value()).password
    return None if password is None else unquote(password)
