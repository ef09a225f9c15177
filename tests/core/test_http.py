"""Outgoing calls against real sockets."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import httpx
import pytest
import structlog

from portal.core import http
from portal.core.http import AnswerTooLong, Endpoint, StrangeHost

Talk = Callable[[socket.socket, bytes], None]


@pytest.fixture
def serve() -> Iterator[Callable[[Talk], str]]:
    """Serve one call with a function that writes to its socket; gives the address."""
    listeners: list[socket.socket] = []
    threads: list[threading.Thread] = []

    def start(talk: Talk) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)

        def take() -> None:
            connection, _ = listener.accept()
            with closing(connection):
                received = connection.recv(65536)
                try:
                    talk(connection, received)
                except OSError:
                    return  # The caller had enough and hung up, as it should.

        threads.append(threading.Thread(target=take, daemon=True))
        threads[-1].start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/"

    yield start
    for thread in threads:
        thread.join(5)
    for listener in listeners:
        listener.close()


def call(address: str, path: str = "plans", read_seconds: float = 2) -> http.Answer:
    return Endpoint(address, {"X-Api-Key": "k"}).call("GET", path, read_seconds=read_seconds)


def test_sends_its_headers_and_the_request_id_of_the_log(serve) -> None:
    seen: list[bytes] = []

    def talk(connection: socket.socket, received: bytes) -> None:
        seen.append(received.lower())
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    with structlog.contextvars.bound_contextvars(request_id="req-7"):
        answer = call(serve(talk))

    assert (answer.status, answer.body, answer.request_id) == (200, b"{}", "req-7")
    assert b"x-request-id: req-7" in seen[0]
    assert b"x-api-key: k" in seen[0]


def test_does_not_follow_a_redirect(serve) -> None:
    answer = call(
        serve(
            lambda connection, _: connection.sendall(
                b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/elsewhere\r\nContent-Length: 0\r\n\r\n"
            )
        )
    )

    assert answer.status == 302


def test_never_leaves_for_another_host() -> None:
    with pytest.raises(StrangeHost):
        call("http://127.0.0.1:1/", "http://localhost:1/plans")


def test_gives_up_on_an_answer_that_trickles(serve) -> None:
    def trickle(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        for _second in range(40):
            connection.sendall(b"x")
            time.sleep(0.1)

    started = time.monotonic()
    with pytest.raises(httpx.ReadTimeout):
        Endpoint(serve(trickle), {}, connect_seconds=0.2).call("GET", "plans", read_seconds=0.3)

    assert time.monotonic() - started < 2


def test_gives_up_on_an_answer_without_end(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(http, "MAX_ANSWER_BYTES", 10_000)

    def flood(connection: socket.socket, _: bytes) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 100000000\r\n\r\n")
        for _piece in range(10_000):
            connection.sendall(b"x" * 10_000)

    with pytest.raises(AnswerTooLong):
        call(serve(flood))


def test_takes_no_proxy_from_the_environment(serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")

    answer = call(
        serve(lambda connection, _: connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")),
    )

    assert answer.status == 204


def test_sends_a_form_or_bytes_with_headers_of_one_call(serve) -> None:
    received: list[bytes] = []

    def talk(connection: socket.socket, call: bytes) -> None:
        while call.endswith(b"\r\n\r\n"):  # the body may come in a piece of its own
            call += connection.recv(65_536)
        received.append(call)
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    for sent in ({"form": {"a": "1 2"}}, {"content": b"{ }", "headers": {"Content-Type": "application/json"}}):
        endpoint = Endpoint(serve(talk), {"X-Own": "always"})
        endpoint.call("POST", "things", read_seconds=5, **sent)

    form, content = (call.decode() for call in received)
    assert form.endswith("\r\n\r\na=1+2")
    assert "application/x-www-form-urlencoded" in form
    assert content.endswith("\r\n\r\n{ }")
    assert "Content-Type: application/json" in content
    assert form.count("X-Own: always") == content.count("X-Own: always") == 1
