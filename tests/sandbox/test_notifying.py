"""The stand-in providers' webhooks on their way."""

import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from flask import Flask

from portal.sandbox import notifying
from portal.sandbox.application import create_app


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Flask:
    monkeypatch.setattr(notifying, "GAP_SECONDS", 0.01)
    notifying._history.clear()
    return create_app(tmp_path, demo=False)


@pytest.fixture
def listen() -> Iterator[Callable[..., tuple[str, list[bytes]]]]:
    """Answer webhooks with the statuses given, one after the other, the last one for ever."""
    servers: list[ThreadingHTTPServer] = []

    def start(*statuses: int, text: bytes = b"ok") -> tuple[str, list[bytes]]:
        taken: list[bytes] = []

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                taken.append(self.rfile.read(int(self.headers["Content-Length"])))
                self.send_response(statuses[min(len(taken), len(statuses)) - 1])
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *args: object) -> None:
                pass

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        servers.append(server)
        return f"http://127.0.0.1:{server.server_port}/hook", taken

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def until(is_so: Callable[[], bool]) -> None:
    gives_up_at = time.monotonic() + 5
    while not is_so():
        assert time.monotonic() < gives_up_at
        time.sleep(0.01)


def test_posts_until_it_is_taken(sandbox: Flask, listen) -> None:
    url, taken = listen(500, 200)

    with sandbox.test_request_context():
        notifying.post_later(url, {"X-Signed": "yes"}, b"event", sender="stripe")
    until(lambda: notifying.history()[0]["is_taken"])

    assert taken == [b"event", b"event"]
    assert notifying.history()[0]["answers"] == ["500", "200"]


def test_gives_up_after_three_tries(sandbox: Flask, listen) -> None:
    url, taken = listen(503)

    with sandbox.test_request_context():
        notifying.post_later(url, {}, b"event", sender="stripe")
    until(lambda: len(notifying.history()[0]["answers"]) == 3)

    assert len(taken) == 3
    assert not notifying.history()[0]["is_taken"]


def test_an_answer_without_the_wanted_word_is_not_taken(sandbox: Flask, listen) -> None:
    url, _ = listen(200, text=b"fail")

    with sandbox.test_request_context():
        notifying.post_later(url, {}, b"event", sender="alipay", expects="success")
    until(lambda: len(notifying.history()[0]["answers"]) == 3)

    assert not notifying.history()[0]["is_taken"]


@pytest.mark.parametrize(("kind", "times"), [("twice", 2), ("unsent", 0)])
def test_the_fault_plan_may_double_or_swallow_it(sandbox: Flask, listen, kind: str, times: int) -> None:
    url, taken = listen(200)
    fault = {"kind": kind, "call": "notify", "carrier": "stripe", "iccid": "P-1", "times": 1}
    sandbox.test_client().post("/control/faults", json=fault)

    with sandbox.test_request_context():
        notifying.post_later(url, {}, b"struck", sender="stripe", reference="P-1")
        notifying.post_later(url, {}, b"other", sender="paypal", reference="P-1")
    until(lambda: taken.count(b"other") == 1 and taken.count(b"struck") == times)

    assert notifying.history()[1]["fault"] == kind
