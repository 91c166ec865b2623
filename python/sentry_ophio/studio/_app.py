"""The server of the page: who may ask, and what it answers.

    GET  /TOKEN/              the page
    GET  /TOKEN/NAME          a file of it
    GET  /TOKEN/state         names, texts and versions of the files, the number of events
    GET  /TOKEN/versions      the versions of the files now
    GET  /TOKEN/events?q=     the events whose name or title has a text
    POST /TOKEN/edit          answers to an edit, one JSON document a line, as they are computed
    POST /TOKEN/save          writes a file

Other pages in the browser, other users of the machine and other hosts must not reach it. So

- it listens on 127.0.0.1 only;
- a path begins with a token of 256 random bits, which only the printed address has;
- the header Host must be the printed one: another page cannot give its own name this address;
- a request with a header Origin, which browsers send from other pages, must be from this page, and
  a request that changes something must have one;
- the page may load from this server only, and nothing else may show it in a frame.

Anything else is answered by 403, without a reason.
"""

from __future__ import annotations

import json
import secrets
from importlib import resources
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from sentry_ophio.exceptions import OphioError
from sentry_ophio.studio._answers import KINDS, Texts
from sentry_ophio.studio._files import ChangedError, UnreadableError
from sentry_ophio.studio._views import listed_event, text_view

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from sentry_ophio.studio._answers import Answers
    from sentry_ophio.studio._events import Events
    from sentry_ophio.studio._files import RulesFile

_STATIC = resources.files("sentry_ophio") / "studio" / "static"
_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "studio.css": "text/css; charset=utf-8",
    "studio.js": "text/javascript; charset=utf-8",
    "rules.js": "text/javascript; charset=utf-8",
    "codemirror.js": "text/javascript; charset=utf-8",
    "codemirror.LICENSE.txt": "text/plain; charset=utf-8",
}
_MAX_BODY = 16 << 20
_MAX_LISTED = 200

# CodeMirror writes one style element, with the nonce, and its marks are pictures in `data:`. A
# browser writes attributes `style` itself into a text that is edited.
_POLICY = (
    "default-src 'none'; script-src 'self'; connect-src 'self'; img-src data:; "
    "style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; "
    "base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
_HEADERS = {
    "cache-control": "no-store",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Guard:
    """Rejects requests that are not from the page.

    Args:
        app: What answers the others. It gets the path without the token.
        host: The host and port that the page is at.
        token: The token in its address.
    """

    def __init__(self, app: ASGIApp, host: str, token: str) -> None:
        self._app = app
        self._host = host.encode()
        self._prefix = f"/{token}/".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            return
        if not self._allows(scope):
            await PlainTextResponse("Forbidden", 403, _HEADERS)(scope, receive, send)
            return
        path = scope["path"][len(self._prefix) - 1 :]

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                known = {name for name, _ in message["headers"]}
                message["headers"] = [
                    *message["headers"],
                    *(
                        (name.encode(), value.encode())
                        for name, value in _HEADERS.items()
                        if name.encode() not in known
                    ),
                ]
            await send(message)

        inner = {**scope, "path": path, "raw_path": path.encode()}
        await self._app(inner, receive, with_headers)

    def _allows(self, scope: Scope) -> bool:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        path = scope["path"].encode("utf-8", "surrogateescape")
        if not secrets.compare_digest(path[: len(self._prefix)], self._prefix):
            return False
        if headers.get(b"host") != [self._host]:
            return False
        origins = headers.get(b"origin", [])
        if not origins and scope["method"] in {"GET", "HEAD"}:
            return True
        return origins == [b"http://" + self._host]


class _BadRequestError(Exception):
    """The body of a request is not what the page sends."""


class Server:
    """What the routes do.

    Args:
        events: The events.
        files: The files with rules, by kind.
        answers: Answers edits.
        title: What the page is about.
    """

    def __init__(
        self, events: Events, files: Mapping[str, RulesFile], answers: Answers, title: str
    ) -> None:
        self._events = events
        self._files = files
        self._answers = answers
        self._title = title
        # The number of the newest edit, by page.
        self._newest: dict[str, int] = {}
        self._closed = False

    def close(self) -> None:
        """Stop what is being computed."""
        self._closed = True

    def routes(self) -> list[Route]:
        """Return the routes."""
        return [
            Route("/", self.page),
            Route("/state", self.state),
            Route("/versions", self.versions),
            Route("/events", self.found_events),
            Route("/edit", self.edit, methods=["POST"]),
            Route("/save", self.save, methods=["POST"]),
            Route("/{name}", self.file),
        ]

    async def page(self, _request: Request) -> Response:
        """Return the page, which allows one style element."""
        nonce = secrets.token_urlsafe(16)
        text = (_STATIC / "index.html").read_text("utf-8").replace("NONCE", nonce)
        headers = {"content-security-policy": _POLICY.format(nonce=nonce)}
        return Response(text, headers=headers, media_type=_TYPES["index.html"])

    async def file(self, request: Request) -> Response:
        """Return a file of the page."""
        name = request.path_params["name"]
        if name not in _TYPES:
            return PlainTextResponse("Not Found", 404)
        return Response((_STATIC / name).read_bytes(), media_type=_TYPES[name])

    async def state(self, _request: Request) -> Response:
        """Read the files, and return their texts."""
        try:
            return JSONResponse(await run_in_threadpool(self._state))
        except UnreadableError as error:
            return JSONResponse({"error": text_view(error)}, 500)

    def _state(self) -> dict[str, Any]:
        found = {kind: file.read() for kind, file in self._files.items()}
        self._answers.saved(found)
        return {
            "title": text_view(self._title),
            "events": len(self._events),
            "files": {
                kind: {
                    "name": text_view(self._files[kind].name),
                    "text": each.text,
                    "version": each.version,
                    "first_line": each.first_line,
                    "read_only": each.read_only,
                }
                for kind, each in found.items()
            },
        }

    async def versions(self, _request: Request) -> Response:
        """Return the versions of the files."""

        def read() -> dict[str, str]:
            return {kind: file.version() for kind, file in self._files.items()}

        return JSONResponse(await run_in_threadpool(read))

    async def found_events(self, request: Request) -> Response:
        """Search events."""
        wanted = request.query_params.get("q", "").lower()

        def search() -> dict[str, Any]:
            events = self._events
            found = [
                number
                for number, (name, facts) in enumerate(zip(events.names, events.facts))
                if wanted in name.lower() or wanted in facts.title.lower()
            ]
            listed = [listed_event(events, number) for number in found[:_MAX_LISTED]]
            return {"found": len(found), "events": listed}

        return JSONResponse(await run_in_threadpool(search))

    async def edit(self, request: Request) -> Response:
        """Answer an edit."""
        try:
            body = await _body(request)
            page, number = _text(body, "page"), _number(body, "number")
            chosen = _number(body, "event")
            texts = Texts(*(_text(body, kind) if kind in self._files else None for kind in KINDS))
        except _BadRequestError as error:
            return JSONResponse({"error": str(error)}, 400)
        self._newest[page] = max(number, self._newest.pop(page, 0))
        for old_page in list(self._newest)[:-100]:
            del self._newest[old_page]

        def stopped() -> bool:
            return self._closed or self._newest.get(page) != number

        def lines() -> Iterator[str]:
            try:
                for answer in self._answers.to_edit(page, texts, chosen, stopped):
                    yield json.dumps({**answer, "number_of_edit": number}) + "\n"
            except OphioError as error:
                # Such as a glob that takes too many steps for an event.
                failed = {"kind": "failed", "error": text_view(error), "number_of_edit": number}
                yield json.dumps(failed) + "\n"

        return StreamingResponse(lines(), media_type="application/x-ndjson")

    async def save(self, request: Request) -> Response:
        """Write a file."""
        try:
            body = await _body(request)
            kind, text, seen = _text(body, "kind"), _text(body, "text"), _text(body, "version")
            if kind not in self._files:
                raise _BadRequestError("there is no such file")
        except _BadRequestError as error:
            return JSONResponse({"error": str(error)}, 400)
        file = self._files[kind]
        try:
            version = await run_in_threadpool(file.save, text, seen)
            return JSONResponse({"version": version})
        except ChangedError:
            return JSONResponse({"version": await run_in_threadpool(file.version)}, 409)
        except UnreadableError as error:
            return JSONResponse({"error": text_view(error)}, 500)


async def _body(request: Request) -> dict[str, Any]:
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > _MAX_BODY:
            raise _BadRequestError("the request is too long")
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        raise _BadRequestError("the request is not JSON") from None
    if not isinstance(found, dict):
        raise _BadRequestError("the request is not a JSON object")
    return found


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise _BadRequestError(f"{name} must be a text")
    try:
        value.encode()
    except UnicodeEncodeError:
        raise _BadRequestError(f"{name} has half of a surrogate pair") from None
    return value


def _number(body: dict[str, Any], name: str) -> int:
    value = body.get(name)
    if type(value) is not int:
        raise _BadRequestError(f"{name} must be a whole number")
    return value


def app_for(server: Server, host: str, token: str) -> ASGIApp:
    """Return the application for a host, port and token."""
    app = Starlette(routes=server.routes())
    app.router.redirect_slashes = False
    return Guard(app, host, token)
