"""Runs the command line as a program, without a new interpreter for each call.

`run_command` runs `python -m sentry_ophio ARGUMENTS`. A new interpreter takes 0.17
seconds of processor time to begin and to import, a fork 0.06, and there are 200 such calls. So this file is also a
program: it imports the command line once and forks a child for each call. A child has its own
arguments, environment, folder and files for input and output, and ends as every program does.

Without `fork`, and with variables that an interpreter reads when it begins, each call is a new
interpreter.
"""

from __future__ import annotations

import atexit
import contextlib
import functools
import json
import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

COMMAND = [sys.executable, "-m", "sentry_ophio"]
FORKS = hasattr(os, "fork") and hasattr(socket, "send_fds") and sys.implementation.name == "cpython"
# What the child needs to find its files, and how long a message with it may be.
STREAMS = 3
MAX_REQUEST = 1 << 20


def run_command(
    *arguments: str | Path, stdin: bytes = b"", folder: Path | None = None, **environ: str
) -> subprocess.CompletedProcess[bytes]:
    """Run the command line, with variables that its environment has besides those of the tests."""
    command = [*COMMAND, *map(str, arguments)]
    environment = {**os.environ, **environ}
    if not FORKS or any(name.startswith(("LC_", "PYTHON")) for name in environ):
        return subprocess.run(
            command, input=stdin, capture_output=True, check=False, env=environment, cwd=folder
        )
    with (
        tempfile.TemporaryFile() as given,
        tempfile.TemporaryFile() as out,
        tempfile.TemporaryFile() as errors,
    ):
        given.write(stdin)
        given.seek(0)
        request = {
            "arguments": command[len(COMMAND) :],
            "environment": environment,
            "folder": str(folder or Path.cwd()),
        }
        connection = server()
        streams = [file.fileno() for file in (given, out, errors)]
        socket.send_fds(connection, [json.dumps(request).encode()], streams)
        code = int(connection.recv(16))
        out.seek(0)
        errors.seek(0)
        return subprocess.CompletedProcess(command, code, out.read(), errors.read())


def run_on_terminal(
    command: list[str],
    *,
    columns: int = 0,
    stdin: bytes | None = None,
    **environ: str,
) -> str:
    """Run a program on a pseudo terminal, and return what it prints there.

    Args:
        command: The program and its arguments.
        columns: The width of the terminal. A terminal that says 0 is 80 columns wide.
        stdin: Standard input; by default that of the tests.
        environ: Variables that its environment has besides those of the tests.
    """
    import fcntl  # noqa: PLC0415 (Windows has none)
    import pty  # noqa: PLC0415
    import struct  # noqa: PLC0415
    import termios  # noqa: PLC0415

    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", 50, columns, 0, 0))
    environment = {name: value for name, value in os.environ.items() if name != "COLUMNS"}
    process = subprocess.Popen(
        command,
        stdin=None if stdin is None else subprocess.PIPE,
        stdout=follower,
        stderr=subprocess.DEVNULL,
        env=environment | environ,
    )
    os.close(follower)
    if stdin is not None:
        assert process.stdin is not None
        process.stdin.write(stdin)
        process.stdin.close()
    output = b""
    while True:
        try:
            block = os.read(leader, 1 << 16)
        except OSError:  # Linux says so when the other side is closed
            break
        if not block:
            break
        output += block
    os.close(leader)
    assert process.wait() == 0
    return output.decode().replace("\r\n", "\n")


@functools.cache
def server() -> socket.socket:
    """Start the program below, which ends with the tests: then its connection is closed."""
    ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    environment = {**os.environ, "PYTHONIOENCODING": "utf-8"}
    process = subprocess.Popen(
        [sys.executable, __file__, str(its.fileno())], pass_fds=[its.fileno()], env=environment
    )
    its.close()

    def stop() -> None:
        ours.close()
        process.wait()

    atexit.register(stop)
    return ours


def serve(connection: socket.socket) -> None:
    """Fork a child for each request and send its exit code. Returns in the children."""
    while True:
        message, streams, _, _ = socket.recv_fds(connection, MAX_REQUEST, STREAMS)
        if not message:
            sys.exit()
        child = os.fork()
        if not child:
            connection.close()
            become(json.loads(message), streams)
            return
        for stream in streams:
            os.close(stream)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        connection.send(str(code).encode())


def become(request: dict[str, object], streams: list[int]) -> None:
    """Give this process what a new one would have."""
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
        os.close(stream)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[call-overload]
    os.chdir(str(request["folder"]))
    sys.argv = ["sentry-ophio", *request["arguments"]]  # type: ignore[misc]
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)  # noqa: SIM115
    sys.stderr = open(  # noqa: SIM115
        2, "w", encoding="utf-8", errors="backslashreplace", buffering=1, closefd=False
    )


def main() -> None:
    """Import what the commands use, and serve."""
    import sentry_ophio.cli  # noqa: F401, PLC0415 (only here: the tests import the rest)

    with contextlib.suppress(ImportError):
        import pyarrow.parquet  # noqa: F401, PLC0415
    from sentry_ophio.__main__ import main as run  # noqa: PLC0415

    serve(socket.socket(fileno=int(sys.argv[1])))
    run()


if __name__ == "__main__":
    main()
