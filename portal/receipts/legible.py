"""Make any text that people typed safe to set: nothing invisible, nothing that turns the line, no empty boxes."""

import unicodedata
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from functools import lru_cache
from typing import Any

from markupsafe import Markup, escape

from portal.receipts.fonts import Fonts

MAX_LENGTH = 160
"""Signs of one value that are printed; a longer one ends in an ellipsis."""

MAX_PARTS = 300
"""Entries of one list that are printed: more than there are countries."""

_MAX_MARKS = 3
"""Combining marks on one letter: Vietnamese and Thai need two."""

_JOINERS = "\u200c\u200d"
"""Persian and Hindi names need them; they cannot reorder anything."""

# Private-use signs mark a stretch for the Latin font; no typed text keeps one.
_LATIN_FROM, _LATIN_TO = "\ue000", "\ue001"


class Legible:
    """Turns typed values into text that the fonts at hand can print whole."""

    def __init__(self, fonts: Fonts) -> None:
        self._fonts = fonts
        # Issuers, agents and plans come back on every receipt.
        self.text = lru_cache(maxsize=4096)(self._text)

    def value(self, value: Any) -> Any:
        """Make every text in a frozen value legible; anything else stays as it is."""
        if isinstance(value, Enum):
            return value
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, tuple):
            return tuple(self.value(part) for part in value[:MAX_PARTS])
        if is_dataclass(value) and not isinstance(value, type):
            return replace(value, **{field.name: self.value(getattr(value, field.name)) for field in fields(value)})
        return value

    def _text(self, text: str) -> str:
        """Make one text legible.

        Control signs, bidirectional overrides and variation selectors go, white space becomes one blank, and a sign
        that no packaged font draws is named by its code point (`[U+1F600]`) instead of printed as an empty box.
        """
        if not (text.isascii() and text.isprintable()):
            text = self._cleaned(unicodedata.normalize("NFC", text))
        text = " ".join(text.split())
        if len(text) > MAX_LENGTH:
            text = text[: MAX_LENGTH - 1] + "…"
        if not self._fonts.latin_only.isdisjoint(text):
            # The whole value goes to one font: Łukasz in two designs would look broken.
            return f"{_LATIN_FROM}{text}{_LATIN_TO}"
        return text

    def _cleaned(self, text: str) -> str:
        kept: list[str] = []
        marks = 0
        for sign in text:
            kind = unicodedata.category(sign)
            marks = marks + 1 if kind[0] == "M" else 0
            if sign.isspace() or kind[0] == "Z":
                kept.append(" ")
            elif sign in _JOINERS:
                kept.append(sign)
            elif kind in {"Cc", "Cf", "Co", "Cs"} or marks > _MAX_MARKS or _is_variation_selector(sign):
                continue
            elif sign in self._fonts.all:
                kept.append(sign)
            else:
                kept.append(f"[U+{ord(sign):04X}]")
        return "".join(kept)


def markup(text: str) -> Markup:
    """Escape legible text for the document, and put its Latin stretches into their font."""
    escaped = str(escape(text))
    if _LATIN_FROM in escaped:
        escaped = escaped.replace(_LATIN_FROM, '<span class="latin">').replace(_LATIN_TO, "</span>")
    return Markup(escaped)  # noqa: S704 - escaped above


def plain(text: str) -> str:
    """Take the font marks out of legible text, for places that hold no markup such as the title."""
    return text.replace(_LATIN_FROM, "").replace(_LATIN_TO, "")


def _is_variation_selector(sign: str) -> bool:
    return "\ufe00" <= sign <= "\ufe0f" or "\U000e0100" <= sign <= "\U000e01ef"
