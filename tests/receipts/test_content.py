"""The frozen content of a receipt and its one canonical text."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest

from portal.core.i18n import PaperLanguage
from portal.receipts.content import CardState, ReceiptContent, from_canonical_json, to_canonical_json
from portal.receipts.specimen import CONTENT


def test_reads_back_exactly_what_was_written() -> None:
    assert from_canonical_json(to_canonical_json(CONTENT)) == CONTENT


def test_reads_back_content_without_agent_promotion_data_or_expiry() -> None:
    nothing = CardState(data_left_mb=None, is_unlimited=False, valid_until=None)
    lines = replace(
        CONTENT.lines, discount_minor=0, promotion_code=None, promotion_bps=None, base_minor=10000, total_minor=10450
    )
    content = replace(
        CONTENT, agent=None, served_by=None, lines=lines, before=nothing, plan=replace(CONTENT.plan, data_mb=None)
    )

    assert from_canonical_json(to_canonical_json(content)) == content


def test_writes_sorted_keys_without_spaces_and_keeps_chinese_as_it_is() -> None:
    text = to_canonical_json(CONTENT)

    assert text == json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert '"customer_name":"张喆"' in text
    assert '"issued_at":"2026-11-22T06:18:00Z"' in text


def test_writes_the_same_instant_in_any_zone_as_the_same_text() -> None:
    shanghai = timezone(timedelta(hours=8))
    same_instant = replace(CONTENT, issued_at=datetime(2026, 11, 22, 14, 18, tzinfo=shanghai))

    assert to_canonical_json(same_instant) == to_canonical_json(CONTENT)


def test_reads_back_text_that_looks_like_markup_or_escapes() -> None:
    content = replace(CONTENT, customer_name='<b>"\\u0041"</b>\n\x00', language=PaperLanguage.EN)

    assert from_canonical_json(to_canonical_json(content)).customer_name == '<b>"\\u0041"</b>\n\x00'


def test_refuses_to_write_a_fraction() -> None:
    content = replace(CONTENT, lines=replace(CONTENT.lines, tax_minor=5.09))  # type: ignore[arg-type]

    with pytest.raises(TypeError, match="float"):
        to_canonical_json(content)


def test_refuses_to_read_a_fraction() -> None:
    text = to_canonical_json(CONTENT).replace('"tax_minor":509', '"tax_minor":5.09')

    with pytest.raises(ValueError, match="fraction"):
        from_canonical_json(text)


def test_refuses_text_of_another_version() -> None:
    text = to_canonical_json(CONTENT).replace('"version":1', '"version":2')

    with pytest.raises(ValueError, match="version 2"):
        from_canonical_json(text)


@pytest.mark.parametrize("missing_or_new", ['"iccid":"89852000263318806140",', '"tax_id":"91310000MA1K000000"'])
def test_refuses_text_with_a_part_missing(missing_or_new: str) -> None:
    text = to_canonical_json(CONTENT)
    assert missing_or_new in text
    fewer = text.replace(missing_or_new, "" if missing_or_new.endswith(",") else '"other":""')

    with pytest.raises(TypeError):
        from_canonical_json(fewer)


def with_naive_issue(content: ReceiptContent) -> ReceiptContent:
    return replace(content, issued_at=datetime(2026, 11, 22, 6, 18))  # noqa: DTZ001


def with_naive_expiry(content: ReceiptContent) -> ReceiptContent:
    return replace(content, after=replace(content.after, valid_until=datetime(2026, 12, 23)))  # noqa: DTZ001


@pytest.mark.parametrize("spoiled", [with_naive_issue, with_naive_expiry])
def test_refuses_an_instant_without_a_zone(spoiled: object) -> None:
    with pytest.raises(ValueError, match="aware"):
        spoiled(CONTENT)  # type: ignore[operator]


def test_refuses_lines_that_do_not_sum_to_the_total() -> None:
    with pytest.raises(ValueError, match="total"):
        replace(CONTENT, lines=replace(CONTENT.lines, total_minor=9451))


def test_refuses_a_base_that_is_not_price_less_discount() -> None:
    with pytest.raises(ValueError, match="base"):
        replace(CONTENT, lines=replace(CONTENT.lines, base_minor=9001, total_minor=9451))


def test_leads_to_the_verification_page() -> None:
    assert CONTENT.verification_address == "https://portal.leb.example/verify/7K3M92QDABCDEFGHJKMN"
    assert CONTENT.issued_at.tzinfo is UTC
