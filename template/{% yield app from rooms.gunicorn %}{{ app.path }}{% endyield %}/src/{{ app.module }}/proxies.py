"""Proxies: the client's address as trusted ones report it. Gunicorn itself reads only the scheme.

Werkzeug's ProxyFix is told how many proxies there are, and believes whoever comes in over fewer.
This names the proxies, so that a request which bypasses them cannot forge its address.
"""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class ForwardedFor:
    """Take the client's address from X-Forwarded-For, but only as sent by these proxies."""

    def __init__(self, app: WSGIApplication, proxies: str) -> None:
        self.app = app
        self.networks = [ip_network(proxy.strip()) for proxy in proxies.split(",")]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reported = environ.get("HTTP_X_FORWARDED_FOR", "").replace(",", " ").split()
        # Each proxy appends the address that it got the request from, so the nearest one's is last.
        while reported and self.trusts(environ["REMOTE_ADDR"]):
            environ["REMOTE_ADDR"] = reported.pop()
        return self.app(environ, start_response)

    def trusts(self, address: str) -> bool:
        try:
            return any(ip_address(address) in network for network in self.networks)
        except ValueError:  # "unknown", for example
            return False
