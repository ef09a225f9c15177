"""Send a form again that was refused for its token: the same fields to the same address, with a fresh token.

Only for forms that came from a page of ours: whoever lures somebody into posting from elsewhere must not get our page
to say "send this".
"""

from dataclasses import dataclass
from urllib.parse import urlsplit

from flask import request

from portal.core.settings import current as settings
from portal.web import requests

NEVER_SHOWN_AGAIN = ("password", "code", "csrf_token")
"""Fields with these in their names are typed anew."""

MAX_FIELDS = 200


@dataclass(frozen=True, slots=True)
class Again:
    """A form to send again."""

    address: str
    fields: list[tuple[str, str]]
    to_type: list[str]
    """Names of the secret fields, which are asked for again."""
    lost_files: bool
    """Whether files were chosen; a browser cannot be given them again."""


def is_from_our_pages() -> bool:
    """Tell whether the form came from a page of this portal, by what the browser says about it."""
    if request.headers.get("Sec-Fetch-Site") in ("cross-site", "same-site"):
        return False
    origin = request.headers.get("Origin")
    # Browsers send an Origin with every post from elsewhere; without one, no foreign page is behind it.
    return origin is None or urlsplit(origin).netloc in (request.host, urlsplit(settings().address).netloc)


def form_to_send_again() -> Again:
    """Give the fields of the refused form, without its secrets."""
    pairs = list(request.form.items(multi=True))[:MAX_FIELDS]
    names = dict.fromkeys(name for name, _ in pairs)
    secret = [name for name in names if any(part in name for part in NEVER_SHOWN_AGAIN)]
    return Again(
        address=requests.safe_path(request.full_path.rstrip("?"), default="/"),
        fields=[(name, value) for name, value in pairs if name not in secret],
        to_type=[name for name in secret if name != "csrf_token"],
        lost_files=any(file.filename for file in request.files.values()),
    )
