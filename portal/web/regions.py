"""Say where a plan works, in the reader's language."""

from collections.abc import Sequence
from functools import lru_cache

from babel import Locale
from flask_babel import gettext as _

from portal.web import language

USUAL = {
    "zh": {"HK": "中国香港", "MO": "中国澳门", "TW": "中国台湾"},
    "en": {"HK": "Hong Kong", "MO": "Macao"},
}
"""Where CLDR's name is not the one that the catalogue uses."""

NAMED = 4
"""So many regions are named one by one; more are counted."""


def name(code: str) -> str:
    """Name a region by its ISO 3166 code."""
    return _name(language.current(), code)


def words(codes: Sequence[str]) -> str:
    """Name a plan's regions, or count them when there are many."""
    if len(codes) > NAMED:
        return _("%(count)s regions", count=len(codes))
    return listed(codes)


def listed(codes: Sequence[str]) -> str:
    """Name every region."""
    between = "、" if language.current() == "zh" else ", "
    return between.join(sorted(name(code) for code in codes))


def key(codes: Sequence[str]) -> str:
    """Write a plan's regions as they stand in an address: `JP`, or `AT.BE.BG`."""
    return ".".join(sorted(codes))


@lru_cache(maxsize=1024)
def _name(in_language: str, code: str) -> str:
    usual = USUAL.get(in_language, {})
    return usual.get(code) or str(Locale.parse(in_language).territories.get(code, code))
