"""Serve the stand-in carriers until told to stop."""

import signal
import sys
from pathlib import Path
from types import FrameType

from werkzeug.serving import WSGIRequestHandler, make_server

from portal.sandbox.application import create_app


class QuietRequestHandler(WSGIRequestHandler):
    """Says nothing of calls that went as they should; the books hold every submission."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Leave the call out of the log."""


def serve(host: str, port: int, home: Path, demo: bool) -> None:
    """Serve on a port, books in `home`, until SIGTERM or SIGINT; `demo` makes answers slow and usage move.

    Calls under way are cut off at the end, as they would be by a crash: callers have to live with that anyway.
    """
    server = make_server(host, port, create_app(home, demo=demo), threaded=True, request_handler=QuietRequestHandler)
    signal.signal(signal.SIGTERM, _stop)
    signal.signal(signal.SIGINT, _stop)
    sys.stdout.write(f"sandbox carriers ready at http://{host}:{server.port}\n")
    sys.stdout.flush()
    server.serve_forever()


def _stop(_signum: int, _frame: FrameType | None) -> None:
    # A supervisor passes Ctrl-C on as a second signal: it shall not interrupt the closing.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    raise KeyboardInterrupt
