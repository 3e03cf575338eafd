"""Proxies: who asks, as trusted ones tell it. Gunicorn itself takes only the scheme from them."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment


class ForwardedFor:
    """The client's address, from the X-Forwarded-For of these addresses and networks alone."""

    def __init__(self, app: WSGIApplication, proxies: str) -> None:
        self.app = app
        self.networks = [ip_network(proxy.strip()) for proxy in proxies.split(",")]

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        told = environ.get("HTTP_X_FORWARDED_FOR", "").replace(",", " ").split()
        # Each proxy adds the address that asked it, so the nearest one's word comes last.
        while told and self.trusts(environ["REMOTE_ADDR"]):
            environ["REMOTE_ADDR"] = told.pop()
        return self.app(environ, start_response)

    def trusts(self, address: str) -> bool:
        try:
            return any(ip_address(address) in network for network in self.networks)
        except ValueError:  # "unknown", for example
            return False
