"""Read names and labels as people type them, and refuse the signs that make one name look like another."""

import re
import unicodedata

from portal.core.errors import InvalidInput

UNSEEN_CATEGORIES = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Control and format signs (bidi overrides, zero width), lone surrogates, private and unassigned ones, line breaks."""

UNSEEN_LETTERS = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Signs of other categories that print as nothing: grapheme joiner, Hangul fillers, Khmer fillers, Braille blank."""

LOOKALIKE_SCRIPTS = frozenset({"LATIN", "CYRILLIC", "GREEK"})
"""Scripts that share shapes: a word that mixes them was made to be mistaken for another (Unicode TR 39)."""

_WORDS = re.compile(r"\w+")


def read(text: str, *, field: str, longest: int = 120, missing: str = "missing") -> str:
    """Read a name: composed (NFC), single spaces, none around it; `missing` is the reason given for an empty one.

    Raises:
        InvalidInput: it is empty, longer than `longest` signs, or holds signs that cannot be seen.
    """
    name = read_optional(text, field=field, longest=longest)
    if not name:
        raise InvalidInput(field=field, reason=missing)
    return name


def read_optional(text: str, *, field: str, longest: int = 120) -> str:
    """Read a name or a label that may be empty.

    Raises:
        InvalidInput: it is longer than `longest` signs, or holds signs that cannot be seen.
    """
    name = re.sub(r"[ \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+", " ", unicodedata.normalize("NFC", text.strip()))
    if any(_is_unseen(sign) for sign in name):
        raise InvalidInput(field=field, reason="name_control_characters")
    if len(name) > longest:
        raise InvalidInput(field=field, reason="too_long", length=longest)
    return name


def refuse_mixed_scripts(name: str, *, field: str) -> None:
    """Refuse a name that has Latin, Cyrillic or Greek letters side by side in one word.

    Raises:
        InvalidInput: it has.
    """
    for word in _WORDS.findall(name):
        scripts = {unicodedata.name(sign, "").partition(" ")[0] for sign in word} & LOOKALIKE_SCRIPTS
        if len(scripts) > 1:
            raise InvalidInput(field=field, reason="name_mixed_scripts", word=word)


def searchable(text: str, *, longest: int = 300) -> str:
    """Make a text fit to search with: composed like stored names, without signs that the database cannot hold."""
    kept = "".join(sign for sign in text[:longest] if not _is_unseen(sign))
    return " ".join(unicodedata.normalize("NFC", kept).split())


def _is_unseen(sign: str) -> bool:
    return unicodedata.category(sign) in UNSEEN_CATEGORIES or sign in UNSEEN_LETTERS
