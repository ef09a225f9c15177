"""Rows of the list of transactions, written out for a light template: fifty rows must cost next to nothing."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.core import i18n
from portal.core.money import Money
from portal.core.settings import current as settings
from portal.renewals.states import RenewalState
from portal.renewals.transactions import Transaction
from portal.web import language, words


@dataclass(frozen=True, slots=True)
class ListedTransaction:
    """One row as text; empty where there is nothing to say."""

    id: UUID
    reference: str
    exact_time: str
    day: str
    time: str
    state: str
    tone: str
    agent_name: str
    customer_name: str
    iccid: str
    plan_code: str
    fee: str
    currency: str
    amount: str
    receipt_number: str


def listed(rows: Iterable[Transaction]) -> list[ListedTransaction]:
    """Write rows out in the reader's language and the operator's zone."""
    in_language, zone = language.current(), ZoneInfo(settings().time_zone)
    states = {state.value: (str(words.state_words(state)), words.state_tone(state)) for state in RenewalState}
    return [_listed(row, in_language, zone, states) for row in rows]


def _listed(
    row: Transaction, in_language: str, zone: ZoneInfo, states: dict[str, tuple[str, str]]
) -> ListedTransaction:
    local = row.at.astimezone(zone)
    state, tone = states[row.state] if row.state else ("", "")
    return ListedTransaction(
        id=row.id,
        reference=row.reference,
        exact_time=local.isoformat(timespec="seconds"),
        day=f"{local:%Y-%m-%d}",
        time=f"{local:%H:%M:%S}",
        state=state,
        tone=tone,
        agent_name=row.agent_name_zh if in_language == "zh" else row.agent_name_en,
        customer_name=row.customer_name or "",
        iccid=row.iccid or "",
        plan_code=row.plan_code or "",
        fee="" if row.fee_minor is None else i18n.sum_figures(Money(row.fee_minor, row.currency), in_language),
        currency=row.currency,
        amount=i18n.sum_figures(Money(row.amount_minor, row.currency), in_language),
        receipt_number=row.receipt_number or "",
    )
