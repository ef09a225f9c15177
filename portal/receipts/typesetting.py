"""Three short cuts through WeasyPrint's public seams that halve the time of a small document; same pages, same text.

Each is held to that by a test: a document set plainly, without them, must look and read the same.
"""

import zlib
from typing import Any, Final
from xml.etree import ElementTree

import cssselect2
import pydyf
from weasyprint import CSS, HTML
from weasyprint.urls import URLFetcher

_BLOCKS_ONLY: Final = CSS(string="html, body, div, p, a { display: block } head, title, meta { display: none }")
"""All that a receipt takes from the style sheet of HTML; matching the whole of it takes over a millisecond."""


class WellFormed(HTML):
    """A document that is well-formed XML already, so Python's own parser reads it in a fortieth of the time.

    WeasyPrint's constructor repairs HTML as found in the wild; this one sets the same five attributes.
    """

    def __init__(self, text: str, url_fetcher: URLFetcher) -> None:
        root = ElementTree.fromstring(text)  # noqa: S314 - our own template; typed text is escaped in it
        self.base_url = None
        self.url_fetcher = url_fetcher
        self.media_type = "print"
        self.wrapper_element = cssselect2.ElementWrapper.from_html_root(root, content_language=None)
        self.etree_element = self.wrapper_element.etree_element

    def _ua_stylesheets(self, forms: bool = False) -> list[CSS]:  # noqa: ARG002 - WeasyPrint's signature
        return [_BLOCKS_ONLY]


class Cast(pydyf.Object):
    """A PDF object whose bytes are written down once."""

    def __init__(self, original: pydyf.Object) -> None:
        super().__init__()
        self.number = original.number
        self.generation = original.generation
        self.free = original.free
        self._bytes = original.data

    @property
    def data(self) -> bytes:
        """The bytes."""
        return bytes(self._bytes)


def cast(pdf: pydyf.PDF) -> None:
    """Write every object down once, in a finisher; pydyf would do it, compression at its slowest included, twice."""
    for index, part in enumerate(pdf.objects):
        if isinstance(part, pydyf.Stream):
            if part.compress:
                part.stream = [zlib.compress(b"\n".join(map(_as_bytes, part.stream)), _COMPRESSION)]
                part.extra["Filter"] = "/FlateDecode"
                part.compress = False
        elif part.free != "f":
            pdf.objects[index] = Cast(part)


_COMPRESSION = 4
"""A level that takes half the time of zlib's default for two per cent more bytes."""


def _as_bytes(operator: Any) -> bytes:
    if isinstance(operator, bytes):
        return operator
    if isinstance(operator, pydyf.Object):
        return bytes(operator.data)
    return str(operator).encode("ascii")
