"""The fonts a receipt may use: an exact folder of packaged files, closed to every font of the machine."""

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Final

from fontTools.ttLib import TTFont
from weasyprint.text.fonts import FontConfiguration

FOLDER: Final = Path(__file__).parents[1] / "static" / "fonts"
"""Where set-up puts the fonts as they are published."""

SOURCES: Final = (
    "NotoSansSC-Regular.ttf",
    "NotoSansSC-Bold.ttf",
    "NotoSans-Regular.ttf",
    "NotoSansKR-Regular.ttf",
    "NotoSansThai-Regular.ttf",
    "NotoSansArabic-Regular.ttf",
    "NotoSansHebrew-Regular.ttf",
)
"""The published files, all under the SIL Open Font License; `typecase` cuts them for receipts."""

TEXT, HEADINGS, LATIN = "LEB Text", "LEB Heading", "LEB Latin"
"""The case of common signs, its bold companion for fixed headings, and the font of European names."""

STAMP: Final = FOLDER / "receipt" / "stamp"
"""Written last beside the cut fonts; it names the sources and rules they were cut by."""

_ONLY_OUR_FONTS: Final = Path(__file__).with_name("fonts.conf")
_ENVIRONMENT = threading.Lock()

WIDEST: Final = 2500
"""No glyph of the cut fonts is wider, in thousandths of the size."""


class FontsMissing(RuntimeError):
    """A receipt font is not there; set-up has not run."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"the receipt font {path} is missing: run `make setup` (or `python -m portal.receipts.typecase`)"
        )


@dataclass(frozen=True)
class Fonts:
    """The loaded fonts: the common case, and the drawers behind it in order of preference, each with its signs."""

    configuration: FontConfiguration
    common: frozenset[str]
    drawers: dict[str, frozenset[str]]
    advances: dict[str, int]

    @cached_property
    def all(self) -> frozenset[str]:
        """Every sign that some font draws."""
        return self.common.union(*self.drawers.values())

    @cached_property
    def latin_only(self) -> frozenset[str]:
        """Signs of European names that the common case lacks."""
        return self.drawers[LATIN] - self.common

    def families_for(self, text: str) -> tuple[str, ...]:
        """Name the fonts that a text needs, in order of preference."""
        rare = set(text) - self.common - {"\n"}
        return (TEXT, *(family for family, signs in self.drawers.items() if rare & signs))

    def width(self, line: str) -> int:
        """Measure a line in thousandths of its size; a sign of a rare font counts as the widest there is."""
        advances = self.advances
        return sum(advances.get(sign, WIDEST) for sign in line)


@lru_cache(maxsize=1)
def load() -> Fonts:
    """Load the cut fonts once a process; the machine's own fonts stay out, so a receipt looks the same everywhere.

    Raises:
        FontsMissing: set-up has not cut them.
    """
    if not STAMP.exists():
        raise FontsMissing(STAMP)
    coverage = {_family(path): _signs(path) for path in sorted(STAMP.parent.glob("*.ttf"))}
    with _fontconfig_file(_ONLY_OUR_FONTS):
        configuration = FontConfiguration()
    common = coverage.pop(TEXT)
    del coverage[HEADINGS]
    return Fonts(
        configuration=configuration,
        common=common,
        drawers={LATIN: coverage.pop(LATIN), **coverage},
        advances=_advances(path_of(TEXT)),
    )


def path_of(family: str) -> Path:
    """Tell where the cut font of a family lies."""
    return STAMP.parent / f"{family.replace(' ', '-')}.ttf"


def _family(path: Path) -> str:
    return path.stem.replace("-", " ")


def _signs(path: Path) -> frozenset[str]:
    with TTFont(path, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap()))


def _advances(path: Path) -> dict[str, int]:
    with TTFont(path, lazy=True) as font:
        metrics, scale = font["hmtx"], font["head"].unitsPerEm
        return {chr(sign): metrics[glyph][0] * 1000 // scale for sign, glyph in font.getBestCmap().items()}


@contextmanager
def _fontconfig_file(path: Path) -> Iterator[None]:
    """Have fontconfig read this file instead of the machine's while a font configuration is made."""
    with _ENVIRONMENT:
        before = os.environ.get("FONTCONFIG_FILE")
        os.environ["FONTCONFIG_FILE"] = str(path)
        try:
            yield
        finally:
            if before is None:
                del os.environ["FONTCONFIG_FILE"]
            else:
                os.environ["FONTCONFIG_FILE"] = before
