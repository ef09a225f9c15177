"""Send what somebody asked for as a file to keep."""

from collections.abc import Iterable

from flask import Response

CSV = "text/csv"


def send(content: str | bytes | Iterable[str], *, name: str, media_type: str = CSV) -> Response:
    """Send a file under the name that a browser saves it by; the text of one is UTF-8."""
    response = Response(content, mimetype=media_type)
    response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return response
