"""What every paper is printed with: its templates and style sheets, its packaged assets, and one paper at a time."""

import threading
from functools import lru_cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from weasyprint import CSS
from weasyprint.urls import URLFetcher, URLFetcherResponse

from portal.receipts import fonts, legible

TEMPLATES: Final = Path(__file__).parents[2] / "templates" / "documents"

ASSETS: Final = {"asset:logo.svg": (TEMPLATES / "logo.svg", "image/svg+xml")}
"""Every file that a document may name. Fonts are not fetched: they are loaded beforehand, see `fonts`."""

IN_PRINT = threading.Lock()
"""Layout and fonts are shared by the process and not safe to use from two threads at once."""


class PackagedAssets(URLFetcher):
    """Hands WeasyPrint the files of an exact table and refuses every other address, local, remote or inline."""

    def fetch(self, url: str, headers: dict[str, str] | None = None) -> URLFetcherResponse:  # noqa: ARG002
        """Read a packaged file.

        Raises:
            ValueError: the address is not in the table.
        """
        if url not in ASSETS:
            raise ValueError(f"a receipt may not load {url[:100]!r}")
        path, content_type = ASSETS[url]
        return URLFetcherResponse(url, path.read_bytes(), {"Content-Type": content_type})


def environment() -> Environment:
    """Make what reads the templates of papers; `set` and `plain` put legible text into them."""
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(set=legible.markup, plain=legible.plain)
    return made


@lru_cache(maxsize=128)
def style_sheet(name: str, families: tuple[str, ...]) -> CSS:
    """Parse the style sheet of a paper with only the fonts a document needs: each one named costs on every line."""
    stack = ", ".join(f'"{family}"' for family in families)
    return CSS(
        string=f"html {{ font-family: {stack} }}" + (TEMPLATES / f"{name}.css").read_text(),
        font_config=fonts.load().configuration,
        url_fetcher=PackagedAssets(),
    )
