"""All rules of a currency's terms as a file, out and back, with every fault named by its place."""

import pytest
from flask import Flask

from portal.agents import queries, rule_sheet, rules, schemes
from portal.agents.commission import Conditions, Rule, SaleKind
from portal.catalogue.models import Term
from portal.core.errors import InvalidInput
from tests import make

HEADER = "plan,region,term,sale,fee_bps,share_bps"


def read(*lines: str) -> rule_sheet.RuleSheet:
    return rule_sheet.read("\n".join([HEADER, *lines]).encode(), currency="CNY")


def faults(*lines: str) -> list[tuple[int, str | None, str]]:
    return [(fault.line, fault.column, fault.reason) for fault in read(*lines).faults]


def test_what_is_written_reads_back_the_same(app: Flask) -> None:
    plan = make.plan(code="JP-10G-30D")
    written = (
        Rule(Conditions(plan.plan_id, "JP", Term.SHORT, SaleKind.FIRST), fee_bps=0, share_bps=800),
        Rule(Conditions(region="KR"), share_bps=400),
        Rule(Conditions(term=Term.LONG), fee_bps=125),
    )

    text = rule_sheet.write(written)

    assert text.splitlines() == [
        "\ufeff" + HEADER,
        "JP-10G-30D,JP,short,first,0,800",
        ",KR,,,,400",
        ",,long,,125,",
    ]
    assert rule_sheet.read(text.encode(), currency="CNY").rules == written


def test_columns_may_stand_in_any_order_and_codes_in_any_case(app: Flask) -> None:
    plan = make.plan(code="JP-10G-30D")

    brought = rule_sheet.read(
        b"share_bps,plan,region,term,sale,fee_bps\n800, jp-10g-30d ,,SHORT,Again,\n", currency="CNY"
    )

    assert brought.rules == (Rule(Conditions(plan.plan_id, None, Term.SHORT, SaleKind.AGAIN), share_bps=800),)


@pytest.mark.parametrize(
    ("line", "column", "reason"),
    [
        ("NO-SUCH,,,,,800", "plan", "rule_plan_unknown"),
        (",XX,,,,800", "region", "region_unknown"),
        (",JP,medium,,,800", "term", "not_one_of"),
        (",JP,,third,,800", "sale", "not_one_of"),
        (",JP,,,-1,", "fee_bps", "number_invalid"),
        (",JP,,,1e3,", "fee_bps", "number_invalid"),
        (",JP,,,８,", "fee_bps", "number_invalid"),
        (",JP,,,,10001", "share_bps", "rate_out_of_range"),
        (",,,,,800", None, "rule_without_condition"),
        (",JP,,,,", None, "rule_without_rate"),
        (",JP,,,800", None, "row_columns"),
    ],
)
def test_names_each_fault_by_its_place(app: Flask, line: str, column: str | None, reason: str) -> None:
    assert faults(",KR,,,,1", line) == [(3, column, reason)]


def test_two_lines_about_just_the_same_sales_are_a_fault(app: Flask) -> None:
    brought = read(",JP,,,,800", "", ",JP,,,500,")

    assert [(fault.line, fault.reason, fault.parts) for fault in brought.faults] == [
        (4, "rule_taken_in_file", {"first": 2})
    ]


def test_a_plan_of_another_currency_is_none(app: Flask) -> None:
    make.plan(code="US-1G", currency="USD")

    assert faults("US-1G,,,,,1") == [(2, "plan", "rule_plan_unknown")]


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"", "file_missing"), (b"plan,region\n", "file_columns"), (b"\xff", "file_encoding"), (b"a\0", "file_nul")],
)
def test_refuses_what_is_no_such_file(app: Flask, content: bytes, reason: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        rule_sheet.read(content, currency="CNY")

    assert refused.value.parts["reason"] == reason


def test_refuses_more_rules_than_there_may_be(app: Flask) -> None:
    with pytest.raises(InvalidInput) as refused:
        read(*[",JP,,,,1"] * 2_001)

    assert refused.value.parts["reason"] == "file_too_many_rows"


def test_a_file_is_all_the_rules_in_one_version(app: Flask) -> None:
    agent = make.agent()
    rules.add(agent_id=agent.id, currency="CNY", rule=Rule(Conditions(region="US"), share_bps=1), actor=make.actor())
    brought = read(",JP,,,,800", ",KR,,,,400").rules

    changed = rules.replace_all(agent_id=agent.id, currency="CNY", rules=brought, actor=make.actor())
    again = rules.replace_all(agent_id=agent.id, currency="CNY", rules=brought, actor=make.actor())

    assert (changed.version, again.version) == (3, 3)
    assert schemes.of([changed])[changed.id].rules == brought
    assert queries.own_terms(agent.id, "CNY").id == changed.id  # type: ignore[union-attr]
