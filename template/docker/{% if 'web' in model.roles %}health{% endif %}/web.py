"""Ask /health over a bare socket: an HTTP library takes longer to load than the app to answer."""

# The part of `socket` that is written in C; the part in Python is the slower half of a probe.
import _socket
import os

REQUEST = b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"

connection = _socket.socket()
connection.settimeout(2)
try:
    connection.connect(("127.0.0.1", int(os.environ["PORT"])))
    connection.sendall(REQUEST)
    answer = connection.recv(64)
except OSError as error:
    raise SystemExit(f"no answer: {error}") from None

if not answer.startswith((b"HTTP/1.1 200 ", b"HTTP/1.0 200 ")):
    raise SystemExit(f"not healthy: {answer!r}")
