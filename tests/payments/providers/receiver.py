"""A web server of the test's own that takes webhooks and keeps them."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass(frozen=True)
class Post:
    headers: dict[str, str]
    body: bytes
    path: str = ""


class Receiver:
    def __init__(self, url: str) -> None:
        self.url = url
        self.posts: list[Post] = []

    def wait_for(self, is_wanted: Callable[[Post], bool], seconds: float = 5) -> Post:
        """Give the first webhook that is wanted, as soon as it is there."""
        gives_up_at = time.monotonic() + seconds
        while time.monotonic() < gives_up_at:
            for post in list(self.posts):
                if is_wanted(post):
                    return post
            time.sleep(0.02)
        raise AssertionError(f"no such webhook among {len(self.posts)}")

    def about(self, text: str) -> list[Post]:
        return [post for post in list(self.posts) if text.encode() in post.body]


@contextmanager
def listening() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            receiver.posts.append(Post(dict(self.headers.items()), body, self.path))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"success")

        def log_message(self, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver = Receiver(f"http://127.0.0.1:{server.server_port}/hooks")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
