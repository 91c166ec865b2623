"""Serves the page until Ctrl-C: `serve`. It needs the packages of the extra `studio`."""

from __future__ import annotations

import secrets
import signal
from typing import TYPE_CHECKING

import uvicorn

from sentry_ophio.studio._app import Server, app_for

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable
    from types import FrameType

_TOKEN_BYTES = 32


class _Uvicorn(uvicorn.Server):
    """A server that also stops what is being computed when it ends."""

    def __init__(self, config: uvicorn.Config, close: Callable[[], None]) -> None:
        super().__init__(config)
        self._close = close

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """End, because of a signal."""
        self._close()
        super().handle_exit(sig, frame)


def serve(server: Server, listening: socket.socket, started: Callable[[str], object]) -> None:
    """Serve the page.

    Args:
        server: What is served.
        listening: The socket, which is bound and listens.
        started: Receives the address of the page.
    """
    host, port = listening.getsockname()
    token = secrets.token_urlsafe(_TOKEN_BYTES)
    config = uvicorn.Config(
        app_for(server, f"{host}:{port}", token),
        log_level="error",
        access_log=False,
        lifespan="off",
        ws="none",
        http="h11",
        loop="asyncio",
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
    running = _Uvicorn(config, server.close)
    # A signal may come before uvicorn takes signals. After the end it raises the signal again,
    # as a supervisor of processes wants it.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, running.handle_exit)
    started(f"http://{host}:{port}/{token}/")
    running.run(sockets=[listening])
