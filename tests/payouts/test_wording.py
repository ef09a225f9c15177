"""Statements are printed with the receipts' fonts, cut at set-up."""

from fontTools.ttLib import TTFont

from portal.payouts import wording
from portal.receipts import fonts


def test_what_stands_in_bold_is_in_the_bold_font() -> None:
    with TTFont(fonts.path_of(fonts.HEADINGS)) as headings:
        assert {ord(sign) for sign in wording.TITLE[0] + wording.CLOSING[0]} <= set(headings.getBestCmap())
