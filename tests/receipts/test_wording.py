"""How a receipt says values, in figures and in both languages."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from babel.numbers import format_decimal

from portal.core import i18n
from portal.core.i18n import PaperLanguage
from portal.receipts import statement, wording
from portal.receipts.content import CardState, ReceiptContent
from portal.receipts.specimen import CONTENT, NUMBER
from portal.receipts.wording import Wording

ZH, EN, BOTH = PaperLanguage.ZH, PaperLanguage.EN, PaperLanguage.BOTH


@pytest.mark.parametrize(
    ("minor", "currency", "written"),
    [
        (9450, "CNY", "94.50"),
        (-1000, "CNY", "−10.00"),
        (123456789, "USD", "1,234,567.89"),
        (1500, "JPY", "1,500"),
        (105, "KWD", "0.105"),
        (0, "CNY", "0.00"),
    ],
)
def test_writes_amounts_with_the_digits_of_their_currency(minor: int, currency: str, written: str) -> None:
    assert wording.figures(minor, currency) == written


@pytest.mark.parametrize("minor", [1, 99, 100, 99999, 100000, 123456789012])
def test_groups_amounts_as_babel_does(minor: int) -> None:
    as_babel = format_decimal(Decimal(minor) / 100, format="#,##0.00", locale="zh")

    assert wording.figures(minor, "CNY") == as_babel


@pytest.mark.parametrize(("bps", "written"), [(500, "5 %"), (650, "6.5 %"), (1, "0.01 %"), (10000, "100 %")])
def test_writes_rates_as_percentages(bps: int, written: str) -> None:
    assert wording.rate(bps).replace("\u00a0", " ") == written


@pytest.mark.parametrize(
    ("data_mb", "written"),
    [(614, "614 MB"), (1024, "1 GB"), (3785, "3.69 GB"), (10855, "10.6 GB"), (51200, "50 GB"), (0, "0 MB")],
)
def test_says_data_in_the_unit_people_use(data_mb: int, written: str) -> None:
    assert Wording(EN).volume(data_mb) == written


@pytest.mark.parametrize(
    ("data_mb", "written"),
    [(614, "614 MB"), (1023, "1023 MB"), (8488, "8.28 GB"), (102_399, "99.99 GB"), (1_048_576, "1,024 GB")],
)
def test_says_data_as_the_screen_does(data_mb: int, written: str) -> None:
    on_screen = i18n.quantity_words(data_mb, "en").replace("\N{NO-BREAK SPACE}", " ")

    assert (Wording(EN).volume(data_mb), on_screen) == (written, written)


def test_says_unlimited_data_in_both_languages() -> None:
    assert Wording(BOTH).volume(None) == "不限量 Unlimited"


@pytest.mark.parametrize(
    ("zone", "written"),
    [
        ("Asia/Shanghai", "2026-11-22 14:18 (UTC+8)"),
        ("Asia/Kolkata", "2026-11-22 11:48 (UTC+5:30)"),
        ("America/New_York", "2026-11-22 01:18 (UTC−5)"),
        ("UTC", "2026-11-22 06:18 (UTC)"),
    ],
)
def test_writes_an_instant_with_its_zone(zone: str, written: str) -> None:
    assert wording.local_time(datetime(2026, 11, 22, 6, 18, tzinfo=UTC), zone) == written


def test_names_regions_in_each_language() -> None:
    assert Wording(ZH).regions(("JP", "KR")) == ["日本、韩国"]
    assert Wording(EN).regions(("JP", "KR")) == ["Japan, South Korea"]
    assert Wording(BOTH).regions(("JP", "KR")) == ["日本、韩国", "Japan, South Korea"]
    assert Wording(BOTH).regions(("JP",)) == ["日本 Japan"]


def test_prints_an_unknown_region_or_payment_method_as_it_stands() -> None:
    assert Wording(BOTH).regions(("EU33",)) == ["EU33"]
    assert Wording(EN).payment_method("barter") == "barter"


def test_says_that_a_card_had_no_plan() -> None:
    nothing = CardState(data_left_mb=None, is_unlimited=False, valid_until=None)

    assert Wording(BOTH).state(nothing, "UTC") == ["无有效套餐 No active plan"]


def test_says_unlimited_data_and_expiry_of_a_card() -> None:
    unlimited = CardState(data_left_mb=None, is_unlimited=True, valid_until=datetime(2026, 12, 1, tzinfo=UTC))

    assert Wording(EN).state(unlimited, "UTC") == [
        "Remaining data Unlimited",
        "Valid until 2026-12-01 00:00 (UTC)",
    ]


def fee_of(**changes: int) -> str:
    lines = CONTENT.lines
    fee = changes.get("fee_minor", lines.fee_minor)
    return Wording(EN).fee(replace(lines, total_minor=lines.base_minor + fee, **changes)).replace("\u00a0", " ")


def test_says_how_the_fee_comes_about() -> None:
    assert fee_of() == "Commission fee (5 % × 90.00)"
    assert fee_of(fee_fixed_minor=100, fee_minor=550) == "Commission fee (5 % × 90.00 + 1.00)"
    assert fee_of(fee_bps=0, fee_fixed_minor=100, fee_minor=100) == "Commission fee (1.00)"
    assert fee_of(fee_minor=300) == "Commission fee (5 % × 90.00, at most 3.00)"
    assert fee_of(fee_minor=900) == "Commission fee (5 % × 90.00, at least 9.00)"
    assert fee_of(fee_bps=0, fee_minor=0) == "Commission fee"


def said(content: ReceiptContent, language: PaperLanguage) -> statement.Statement:
    return statement.say(content, NUMBER, language)


def test_lists_every_line_of_the_quote() -> None:
    rows = [(row.name.replace("\u00a0", " "), row.amount) for row in said(CONTENT, EN).rows]

    assert rows == [
        ("Item", "Amount (CNY)"),
        ("Plan price", "100.00"),
        ("Promotion AUTUMN10 (10 %)", "−10.00"),
        ("Price after promotion", "90.00"),
        ("Commission fee (5 % × 90.00)", "4.50"),
    ]
    assert said(CONTENT, EN).total.amount == "CNY 94.50"


def test_leaves_out_lines_that_the_quote_does_not_have() -> None:
    lines = replace(
        CONTENT.lines,
        discount_minor=0,
        promotion_code=None,
        promotion_bps=None,
        base_minor=10000,
        fee_minor=0,
        fee_bps=0,
        total_minor=10000,
    )

    rows = said(replace(CONTENT, lines=lines, agent=None, served_by=None), ZH).rows

    assert [row.name for row in rows] == ["项目", "套餐价格"]


def test_says_names_that_are_equal_in_both_languages_once() -> None:
    assert Wording(BOTH).pair("PayPal", "PayPal") == "PayPal"
    assert Wording(ZH).pair("", "Global Link") == "Global Link"


@pytest.mark.parametrize("language", list(PaperLanguage))
def test_has_every_word_in_every_language(language: PaperLanguage) -> None:
    words = Wording(language)

    assert all(words[key].strip() for key in wording.WORDS)
    assert all(zh and en for zh, en in (*wording.WORDS.values(), *wording.PAYMENT_METHODS.values()))
