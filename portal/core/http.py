"""Call other people's servers: short patience, no redirects, one host, answers of a bounded size."""

import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import httpx
import structlog

from portal.core.ids import new_id

CONNECT_SECONDS = 5.0

MAX_ANSWER_BYTES = 4 * 2**20
"""The longest answer that is read: carriers' whole price lists take a few hundred kilobytes."""


class StrangeHost(httpx.RequestError):
    """A call was about to leave for another host than the one it was configured for; nothing was sent."""


class AnswerTooLong(httpx.ReadError):
    """The other side sent more than is read; what it did is not known."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What the other side said, read whole."""

    status: int
    headers: httpx.Headers
    body: bytes
    request_id: str
    """Sent as `X-Request-Id`, so that both sides' logs can be laid side by side."""


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One outside server and how it is called.

    Every call opens a connection of its own: one kept open may have died silently, which would turn a call that
    certainly failed into one of unknown outcome, and none may be shared with a forked worker.
    """

    base_url: str
    headers: dict[str, str]
    connect_seconds: float = CONNECT_SECONDS

    def call(
        self,
        method: str,
        path: str,
        *,
        read_seconds: float,
        json: Any = None,
        form: Mapping[str, str] | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Make one call, never repeated; redirects come back as they are.

        Gives up when the answer is not there whole `read_seconds` after the connection stood.

        Args:
            method: The verb.
            path: Below the base address, or a whole address on the same host.
            read_seconds: Patience with the answer.
            json: A body to send as JSON.
            form: A body to send as a form, instead.
            content: A body to send byte for byte, instead; say its type in `headers`.
            headers: Beside the endpoint's own, for this call only.

        Raises:
            httpx.ConnectError, httpx.ConnectTimeout, StrangeHost: nothing was sent.
            httpx.RequestError: the call was sent, at least in part, and no whole answer came.
        """
        request_id = str(structlog.contextvars.get_contextvars().get("request_id") or new_id())
        timeout = httpx.Timeout(read_seconds, connect=self.connect_seconds)
        with httpx.Client(
            base_url=self.base_url,
            headers={"Accept": "application/json"} | self.headers | dict(headers or {}) | {"X-Request-Id": request_id},
            timeout=timeout,
            verify=_trust(),
            follow_redirects=False,
            # Proxies and .netrc passwords from the environment would send secrets where no setting says so.
            trust_env=False,
            event_hooks={"request": [self._stay_on_host]},
        ) as client:
            gives_up_at = time.monotonic() + self.connect_seconds + read_seconds
            with client.stream(method, path, json=json, data=form, content=content) as response:
                body = _read(response, gives_up_at)
        return Answer(response.status_code, response.headers, body, request_id)

    def _stay_on_host(self, request: httpx.Request) -> None:
        own = httpx.URL(self.base_url)
        if (request.url.scheme, request.url.host, request.url.port) != (own.scheme, own.host, own.port):
            raise StrangeHost(f"{request.url.host} is not {own.host}", request=request)


def _read(response: httpx.Response, gives_up_at: float) -> bytes:
    # httpx's own read timeout begins anew with each piece: a server that trickles would hold a worker for ever.
    body = bytearray()
    for piece in response.iter_bytes():
        body += piece
        if len(body) > MAX_ANSWER_BYTES:
            raise AnswerTooLong(f"more than {MAX_ANSWER_BYTES} bytes", request=response.request)
        if time.monotonic() > gives_up_at:
            raise httpx.ReadTimeout("the answer trickles", request=response.request)
    return bytes(body)


@lru_cache(maxsize=1)
def _trust() -> ssl.SSLContext:
    # Loading the certificates takes 20 ms: once a process, not once a call.
    return httpx.create_ssl_context()
