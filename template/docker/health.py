"""Ask /health over a plain socket: an HTTP library would take longer to load than to ask."""

import socket

with socket.create_connection(("127.0.0.1", 8000), timeout=2) as connection:
    connection.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    status_line = connection.makefile("rb").readline()

raise SystemExit(0 if b" 200 " in status_line else 1)
