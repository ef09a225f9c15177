import io
import re
import zipfile
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.agents import terms
from portal.agents.commission import Terms
from portal.core import clock
from portal.core.db import db, in_transaction
from portal.core.mail import Mail
from portal.core.outbox import OutboxRow
from portal.ledger import chart, journal, snapshots
from portal.ledger.journal import EntryDraft, Line
from portal.payouts import closing, document, filing, listing, rendering, statement, workbook
from portal.payouts.errors import StatementFileDiffers, StatementNotReady
from portal.payouts.models import Statement, StatementMonth
from portal.payouts.statement import Heading
from portal.promotions.models import PromotionBearer
from portal.renewals.models import Renewal
from tests import make
from tests.payouts.conftest import book
from tests.promotions import promoting

OCTOBER = date(2026, 10, 1)
IN_OCTOBER = datetime(2026, 10, 13, 6, 0, tzinfo=UTC)


def close(month=OCTOBER, *, at=datetime(2026, 11, 1, 0, 0, tzinfo=UTC)):
    with clock.fixed(at):
        in_transaction(lambda: closing.begin(month))
        found = db.session.scalars(select(StatementMonth).where(StatementMonth.month_on == month)).one()
        return closing.close(found.id)


def part_of(earner, month=OCTOBER):
    row = db.session.scalars(
        select(Statement).where(Statement.agent_id == earner.agent.id, Statement.month_on == month)
    ).one()
    (part,) = statement.from_json(row.content).parts
    return part


def test_a_month_leads_from_the_opening_to_the_closing_balance(earner):
    earner.earn(times=1, at=datetime(2026, 9, 20, tzinfo=UTC))
    first, *_ = earner.earn(times=3, at=IN_OCTOBER)
    with clock.fixed(datetime(2026, 10, 20, tzinfo=UTC)):
        earner.refund(first)
        earner.move(500)
        book("correction", chart.COMMISSION_EXPENSE, chart.commission_earned(earner.agent.id), 25)
    earner.earn(at=datetime(2026, 11, 5, tzinfo=UTC))

    assert close() == 1

    part = part_of(earner)
    assert part.currency == "CNY"
    assert part.opening_minor == 800
    assert (part.whole.sales, part.whole.sales_minor) == (3, 31_500)
    assert part.whole.moved == {"fees": 1500, "shares": 900, "clawbacks": -800, "to_wallet": -500, "other": 25}
    assert part.closing_minor == 1925


def test_the_next_month_opens_with_what_the_last_one_closed(earner):
    earner.earn(times=2, at=IN_OCTOBER)
    with clock.fixed(datetime(2026, 11, 1, tzinfo=UTC)):
        in_transaction(snapshots.take)
    earner.earn(at=datetime(2026, 11, 5, tzinfo=UTC))
    close()
    close(date(2026, 11, 1), at=datetime(2026, 12, 2, tzinfo=UTC))

    assert part_of(earner).closing_minor == part_of(earner, date(2026, 11, 1)).opening_minor == 1600
    assert part_of(earner, date(2026, 11, 1)).closing_minor == 2400


def test_a_month_begins_and_ends_by_the_operators_clock(earner):
    earner.earn(at=datetime(2026, 9, 30, 15, 59, tzinfo=UTC))  # 23:59 in Shanghai, still September
    earner.earn(at=datetime(2026, 9, 30, 16, 0, tzinfo=UTC))
    earner.earn(at=datetime(2026, 10, 31, 15, 59, tzinfo=UTC))
    earner.earn(at=datetime(2026, 10, 31, 16, 0, tzinfo=UTC))

    close()

    part = part_of(earner)
    assert part.opening_minor == 800
    assert part.whole.sales == 2
    assert sorted(part.days) == ["2026-10-01", "2026-10-31"]
    assert part.closing_minor == 2400


def test_the_days_sum_to_the_month(earner):
    earner.earn(times=2, at=IN_OCTOBER)
    earner.earn(at=IN_OCTOBER + timedelta(days=3))
    close()

    part = part_of(earner)

    assert sum(day.net_minor for day in part.days.values()) == part.whole.net_minor == 2400
    assert [day.under(Heading.FEES) for day in part.days.values()] == [1000, 500]


def test_what_a_sub_agent_earned_its_parent_stands_under_a_heading_of_its_own(earner):
    (renewal_id,) = earner.earn(at=IN_OCTOBER)
    parent = in_transaction(lambda: make.agent(name_en="Above"))
    line = Line(chart.COMMISSION_EXPENSE, chart.commission_earned(parent.id), 45)
    override = EntryDraft("override", "deliver", "renewal", renewal_id, "CNY", (line,))
    with clock.fixed(IN_OCTOBER + timedelta(seconds=5)):
        in_transaction(lambda: journal.post(override))

    assert close() == 2

    row = db.session.scalars(select(Statement).where(Statement.agent_id == parent.id)).one()
    (part,) = statement.from_json(row.content).parts
    assert (part.whole.sales, part.whole.moved) == (0, {"overrides": 45})
    assert part_of(earner).whole.moved == {"fees": 500, "shares": 300}


def test_what_a_dispute_froze_counts_as_taken_back(earner):
    earner.earn(at=IN_OCTOBER)
    line = Line(chart.commission_earned(earner.agent.id), chart.frozen(earner.agent.id), 300)
    with clock.fixed(IN_OCTOBER + timedelta(days=1)):
        in_transaction(lambda: journal.post(EntryDraft("dispute", "dispute", "dispute", make.key(), "CNY", (line,))))

    close()

    assert part_of(earner).whole.moved == {"fees": 500, "shares": 300, "clawbacks": -300}


def test_a_month_is_closed_once(earner):
    earner.earn(at=IN_OCTOBER)

    assert close() == 1
    assert close() == 0
    assert len(db.session.scalars(select(Statement)).all()) == 1


def test_agents_without_anything_get_no_statement(earner):
    assert close() == 0


def test_lines_that_do_not_lead_to_the_ledgers_balance_are_never_sent(earner, monkeypatch):
    earner.earn(at=IN_OCTOBER)
    monkeypatch.setattr(
        closing,
        "_MOVED",
        closing.text(
            "SELECT NULL::uuid AS agent_id WHERE :since = :until AND"
            " :zone = '' AND :first_entry = :last_entry AND :first_renewal = :last_renewal"
        ),
    )

    with pytest.raises(closing.StatementDiffers):
        close()


def test_the_clock_has_last_month_closed_two_hours_after_it_ended(earner):
    with clock.fixed(datetime(2026, 10, 31, 17, 59, tzinfo=UTC)):
        in_transaction(closing.close_due)
    assert db.session.scalars(select(StatementMonth)).all() == []

    with clock.fixed(datetime(2026, 10, 31, 18, 0, tzinfo=UTC)):
        in_transaction(closing.close_due)
        in_transaction(closing.close_due)

    assert [month.month_on for month in db.session.scalars(select(StatementMonth))] == [OCTOBER]
    kinds = list(db.session.scalars(select(OutboxRow.kind).where(OutboxRow.kind == "payouts.close_month")))
    assert kinds == ["payouts.close_month"]


@pytest.fixture
def october(earner):
    earner.earn(times=2, at=IN_OCTOBER)
    close()
    return db.session.scalars(select(Statement)).one()


def test_its_files_are_made_and_given_out_unaltered(october):
    with pytest.raises(StatementNotReady):
        filing.file_of(october, "pdf")

    rendering.render(october.id)

    made = db.session.get_one(Statement, october.id, populate_existing=True)
    assert filing.file_of(made, "pdf").startswith(b"%PDF-")
    assert filing.file_of(made, "xlsx").startswith(b"PK")
    made.pdf_sha256 = "0" * 64
    with pytest.raises(StatementFileDiffers):
        filing.file_of(made, "pdf")


def test_the_agent_is_told_once_when_its_statement_is_ready(october):
    assert db.session.scalars(select(Mail)).all() == []

    rendering.render(october.id)
    rendering.render(october.id)

    (told,) = db.session.scalars(select(Mail))
    assert (told.kind, told.recipient) == ("statement_ready", "alice@global-link.example")
    assert "2026-10" in told.subject
    assert "16.00" in told.text
    assert "https://portal.example/agent/payouts/" in told.text


def test_both_files_are_the_same_each_time(october):
    content = statement.from_json(october.content)

    lines = listing.of_statement(october, content)
    assert workbook.render(content, lines) == workbook.render(content, lines)
    assert document.render(content) == document.render(content)


def test_markup_and_formulas_in_a_name_stay_text(october):
    hostile = replace(
        statement.from_json(october.content),
        agent_name_zh="=HYPERLINK(1)",
        agent_name_en='</p><img src="file:///etc/passwd"/>\u202e\x00',
    )

    assert document.render(hostile).startswith(b"%PDF-")
    texts = zipfile.ZipFile(io.BytesIO(workbook.render(hostile, {"CNY": []}))).read("xl/sharedStrings.xml").decode()
    assert "'=HYPERLINK(1)" in texts


def test_the_workbook_holds_the_sums_of_the_ledger(october):
    content = statement.from_json(october.content)
    packed = zipfile.ZipFile(io.BytesIO(workbook.render(content, listing.of_statement(october, content))))

    column = re.findall(r'<c r="B(\d+)"[^>]*><v>([\d.-]+)</v>', packed.read("xl/worksheets/sheet1.xml").decode())
    assert dict(column[4:]) == {
        "6": "2",  # deliveries
        "7": "210",
        "8": "0",  # opening
        "9": "10",
        "10": "6",
        **dict.fromkeys(["11", "12", "13", "14", "15", "16"], "0"),
        "17": "16",
    }


def october_of(earner):
    close()
    made = db.session.scalars(select(Statement).where(Statement.agent_id == earner.agent.id)).one()
    return made, statement.from_json(made.content)


def reference(renewal_id):
    return db.session.get_one(Renewal, renewal_id).reference


def test_lists_every_renewal_and_whatever_else_moved(earner):
    earner.earn(at=datetime(2026, 9, 20, tzinfo=UTC))
    with clock.fixed(datetime(2026, 10, 1, tzinfo=UTC)):
        in_transaction(snapshots.take)
    first, second = earner.earn(times=2, at=IN_OCTOBER)
    with clock.fixed(datetime(2026, 10, 20, tzinfo=UTC)):
        earner.refund(first)
        moved = earner.move(500)
    earner.earn(at=datetime(2026, 11, 5, tzinfo=UTC))

    lines = listing.of_statement(*october_of(earner))["CNY"]

    assert [(line.reference, line.sold_minor, line.moved) for line in lines] == [
        (reference(first), 10_500, {"fees": 500, "shares": 300}),
        (reference(second), 10_500, {"fees": 500, "shares": 300}),
        (reference(first), None, {"clawbacks": -800}),
        (moved.reference, None, {"to_wallet": -500}),
    ]


def test_a_sale_that_earned_nothing_is_listed_too(earner):
    with clock.fixed(datetime(2026, 10, 1, tzinfo=UTC)):
        in_transaction(
            lambda: terms.change(agent_id=earner.agent.id, currency="CNY", terms=Terms(), actor=make.actor())
        )
        book("correction", chart.COMMISSION_EXPENSE, chart.commission_earned(earner.agent.id), 25)
    (only,) = earner.earn(at=IN_OCTOBER)

    lines = listing.of_statement(*october_of(earner))["CNY"]

    assert [(line.reference, line.sold_minor, line.moved) for line in lines] == [
        ("", None, {"other": 25}),
        (reference(only), 10_000, {}),
    ]


def test_a_discount_that_the_agent_bears_stands_beside_its_sale(earner):
    in_transaction(
        lambda: promoting.campaign(
            bearer=PromotionBearer.AGENT, agent_ids=[earner.agent.id], bps=500, starts_at=IN_OCTOBER
        )
    )
    earner.earn(at=IN_OCTOBER)

    made, content = october_of(earner)

    (line,) = listing.of_statement(made, content)["CNY"]
    assert (line.sold_minor, line.moved) == (9_975, {"fees": 475, "shares": 285, "promotions": -500})
    assert content.parts[0].closing_minor == 260


def test_lines_that_do_not_sum_to_the_statement_are_never_sent(earner):
    earner.earn(at=IN_OCTOBER)
    made, content = october_of(earner)
    (part,) = content.parts
    altered = replace(content, parts=(replace(part, whole=replace(part.whole, sales_minor=1)),))

    with pytest.raises(closing.StatementDiffers):
        listing.of_statement(made, altered)


def test_the_workbook_lists_renewals_with_a_running_balance(october):
    content = statement.from_json(october.content)
    packed = zipfile.ZipFile(io.BytesIO(workbook.render(content, listing.of_statement(october, content))))

    sheet = packed.read("xl/worksheets/sheet2.xml").decode()

    assert re.findall(r'<c r="(?:C|D|E|L)[23]"[^>]*><v>([\d.-]+)</v>', sheet) == [
        "105",
        "5",
        "3",
        "8",
        "105",
        "5",
        "3",
        "16",
    ]
