"""A process that accepts connections and hands them to the server.

psycopg2's `connection.cancel()` waits for the server while it holds Python's global
lock. A server in the same process could never answer; so this one answers cancel
requests, and passes everything else on. Run as a script, it needs the standard
library only.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
import sys

CANCEL_REQUEST = 80877102
_HEADER = 8
_CANCEL_PACKET = 16


def serve(listener: socket.socket, server: socket.socket, postgres: str) -> None:
    """Accept until the server goes away."""
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    selector.register(server, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            ready = key.fileobj
            if ready is server:
                return
            if ready is listener:
                client, _ = listener.accept()
                selector.register(client, selectors.EVENT_READ)
            elif isinstance(ready, socket.socket):
                selector.unregister(ready)
                with ready, contextlib.suppress(OSError):
                    _dispatch(ready, server, postgres)


def _dispatch(client: socket.socket, server: socket.socket, postgres: str) -> None:
    client.settimeout(5)
    head = client.recv(_HEADER, socket.MSG_PEEK | socket.MSG_WAITALL)
    if len(head) == _HEADER and struct.unpack("!II", head)[1] == CANCEL_REQUEST:
        _cancel(client.recv(_CANCEL_PACKET, socket.MSG_WAITALL), postgres)
        return
    client.setblocking(False)
    socket.send_fds(server, [b"."], [client.fileno()])


def _cancel(packet: bytes, postgres: str) -> None:
    with socket.socket(socket.AF_UNIX) as backend:
        backend.connect(postgres)
        backend.sendall(packet)
        # PostgreSQL closes when it has sent the signal.
        backend.settimeout(5)
        backend.recv(1)


def main() -> None:
    """Take the two sockets from the parent."""
    listener, server = (socket.socket(fileno=int(text)) for text in sys.argv[1:3])
    listener.setblocking(True)
    serve(listener, server, sys.argv[3])


if __name__ == "__main__":
    main()
