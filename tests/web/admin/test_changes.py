"""What an act changed is told in words: codes by their meaning, sums with their currency, everything else as it is."""

import ast
from typing import Any

import pytest
from flask import Flask
from flask_babel import force_locale

from portal.audit.models import AuditRecord
from portal.web.admin import changes, fact_words, wording
from tests.rules import tree


def told(app: Flask, facts: dict[str, Any], *, about: str = "agent", language: str = "en") -> list[str | None]:
    with app.test_request_context(), force_locale(language):
        return [change.after for change in changes.of_record(AuditRecord(subject_kind=about, before=None, after=facts))]


@pytest.mark.parametrize(
    ("about", "fact", "english", "chinese"),
    [
        ("user", {"role": "agent_clerk"}, "clerk", "店员"),
        ("agent", {"status": "verified"}, "verified", "已认证"),
        ("card", {"state": "suspended"}, "suspended", "已停用"),
        ("payment", {"state": "held"}, "held for finance", "待财务处理"),
        ("customer", {"receipt_language": "both"}, "中文 + English", "中文 + English"),
        ("customer", {"by": "link"}, "a link from a mail", "邮件中的链接"),
        ("payment", {"method": "card"}, "Credit or debit card", "银行卡"),
        ("payment_account", {"provider": "wechat_pay"}, "WeChat Pay", "微信支付"),
        ("payment_account", {"is_on": True}, "yes", "是"),
        ("payment_offer", {"methods": {"card": "stripe"}}, "Credit or debit card: Stripe", "银行卡: Stripe"),
        ("plan", {"regions": ["JP", "HK"]}, "Japan, Hong Kong", "日本, 中国香港"),
        ("refund", {"reason": "goodwill"}, "Goodwill", "善意补偿"),
        ("renewal", {"reason": "expired"}, "not paid in time", "未按时支付"),
        ("automatic_top_up", {"why": "card_gone"}, "the card is no longer saved", "该卡已不再保存"),
    ],
)
def test_a_code_is_told_in_words(app: Flask, about: str, fact: dict[str, Any], english: str, chinese: str) -> None:
    assert told(app, fact, about=about) == [english]
    assert told(app, fact, about=about, language="zh") == [chinese]


def test_a_field_that_is_a_code_elsewhere_stays_as_it_was_typed(app: Flask) -> None:
    assert told(app, {"reason": "expired", "name": "admin"}, about="agent") == ["expired", "admin"]


def test_an_instant_is_told_in_the_operators_zone(app: Flask) -> None:
    facts = {
        "starts_at": "2026-11-22T22:30:00+00:00",
        "ends_at": "2026-11-22T22:30:00.123456+00:00",
        "on": "2026-11-22",
    }

    assert told(app, facts) == ["23 Nov 2026, 06:30", "23 Nov 2026, 06:30", "2026-11-22"]


def test_the_name_of_a_promotion_is_no_persons(app: Flask) -> None:
    record = AuditRecord(subject_kind="promotion", before=None, after={"name": "Autumn"})

    with app.test_request_context(), force_locale("zh"):
        [change] = changes.of_record(record)
        assert wording.named(change.field, "field") == "内部名称"


def test_each_sum_is_told_with_its_own_currency(app: Flask) -> None:
    facts = {
        "asked_minor": 10_000,
        "asked_currency": "CNY",
        "settled_minor": 1_500,
        "settled_currency": "JPY",
        "currency": "USD",
    }

    assert told(app, facts) == ["CNY\N{NO-BREAK SPACE}100.00", "JPY\N{NO-BREAK SPACE}1,500", "USD"]


@pytest.mark.parametrize("nothing", ["", [], {}])
def test_nothing_is_a_dash(app: Flask, nothing: object) -> None:
    assert told(app, {"methods": nothing}) == ["–"]


def written_facts() -> list[set[str]]:
    """List the fields of each dictionary of facts that is written out where an act is recorded."""
    return [
        {key.value for key in facts.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)}
        for path in tree.files("portal")
        if path.suffix == ".py"
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call) and ast.unparse(call.func) in {"log.record", "log.recording"}
        for given in call.keywords
        if given.arg in {"before", "after"}
        for facts in ast.walk(given.value)
        if isinstance(facts, ast.Dict)
    ]


def test_every_field_that_an_act_names_has_words() -> None:
    fields = {field.removesuffix("_minor") for facts in written_facts() for field in facts}

    assert len(fields) > 50
    assert fields - set(fact_words.FIELDS) == set()


def test_every_sum_that_an_act_names_has_a_currency() -> None:
    bare = {
        field
        for facts in written_facts()
        for field in facts
        if field.endswith("_minor") and not {"currency", f"{field.removesuffix('_minor')}_currency"} & facts
    }

    assert bare == set()
