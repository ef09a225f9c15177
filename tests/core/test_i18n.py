from datetime import UTC, date, datetime

import pytest

from portal.core import i18n
from portal.core.money import Money


@pytest.mark.parametrize(
    ("amount", "words"),
    [
        (Money(9450, "CNY"), "CNY 94.50"),
        (Money(-1000, "CNY"), "CNY −10.00"),
        (Money(123456789, "CNY"), "CNY 1,234,567.89"),
        (Money(1500, "JPY"), "JPY 1,500"),
        (Money(105, "KWD"), "KWD 0.105"),
        (Money(0, "USD"), "USD 0.00"),
        (Money(10**12, "CNY"), "CNY 10,000,000,000.00"),
    ],
)
@pytest.mark.parametrize("language", ["zh", "en"])
def test_sums_carry_all_their_digits_and_the_iso_code(amount, words, language):
    assert i18n.sum_words(amount, language) == words.replace(" ", "\N{NO-BREAK SPACE}")


def test_dates_are_written_as_people_do():
    assert i18n.date_words(date(2026, 11, 3), "en") == "3 Nov 2026"
    assert i18n.date_words(date(2026, 11, 3), "zh") == "2026年11月3日"
    assert i18n.short_date_words(date(2026, 11, 3), "zh") == "11月3日"


def test_an_instant_is_told_in_the_portals_zone():
    at = datetime(2026, 11, 22, 16, 30, 7, tzinfo=UTC)

    assert i18n.day_in(at, zone="Asia/Shanghai") == date(2026, 11, 23)
    assert i18n.instant_words(at, "en", zone="Asia/Shanghai") == "23 Nov 2026, 00:30"
    assert i18n.instant_words(at, "zh", zone="Asia/Shanghai") == "2026年11月23日 00:30"
    assert i18n.exact_instant(at, zone="Asia/Shanghai") == "2026-11-23 00:30:07 +08:00 (Asia/Shanghai)"


@pytest.mark.parametrize(
    ("megabytes", "words"),
    [
        (0, "0 MB"),
        (614, "614 MB"),
        (1_023, "1023 MB"),
        (1_024, "1 GB"),
        (8_488, "8.28 GB"),
        (10_240, "10 GB"),
        (102_399, "99.99 GB"),
        (1_048_576, "1,024 GB"),
    ],
)
def test_data_is_never_rounded_up(megabytes, words):
    assert i18n.quantity_words(megabytes, "en") == words.replace(" ", "\N{NO-BREAK SPACE}")


@pytest.mark.parametrize(("bps", "words"), [(500, "5%"), (125, "1.25%"), (1, "0.01%"), (10_000, "100%"), (0, "0%")])
def test_rates_are_written_in_per_cent(bps, words):
    assert i18n.rate_words(bps, "en") == words


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1, "expired"), (0, "today is the last day"), (1, "1 day left"), (3, "3 days left")],
)
def test_says_how_long_is_left(days, words):
    assert i18n.days_left_words(days, "en") == words
