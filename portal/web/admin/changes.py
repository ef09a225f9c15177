"""What an act changed, field by field, as text for people: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.audit.models import AuditRecord
from portal.catalogue.offers import FieldChange
from portal.core import i18n
from portal.core.money import Money
from portal.web import language

PAGES = {
    "renewal": "/admin/transactions/{}",
    "top_up": "/admin/transactions/{}",
    "agent": "/admin/agents/{}",
    "user": "/admin/users/{}",
    "catalogue_import": "/admin/catalogue/imports/{}",
    "difference": "/admin/reconciliation/differences/{}",
}
"""Kind of subject -> the address of its page."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; None where it was not there."""

    field: str
    before: str | None
    after: str | None


def of_record(record: AuditRecord) -> list[Change]:
    """List what an act changed; fields that stayed the same are left out."""
    before, after = record.before or {}, record.after or {}
    return [
        Change(_name(field), _text(before, field), _text(after, field))
        for field in [*before, *(field for field in after if field not in before)]
        if before.get(field) != after.get(field)
    ]


def of_field(change: FieldChange, currency: str) -> Change:
    """Write a plan's changed field, its amounts in the currency that it would have."""
    before, after = ({"currency": currency, change.field: value} for value in (change.before, change.after))
    return Change(_name(change.field), _text(before, change.field), _text(after, change.field))


def page_of(record: AuditRecord) -> str:
    """Give the address of the page about an act's subject; empty when there is none."""
    if record.subject_kind == "plan":
        code = (record.after or {}).get("code")
        return f"/admin/catalogue/{code}" if code else ""
    page = PAGES.get(record.subject_kind)
    return page.format(record.subject_id) if page and record.subject_id else ""


def _name(field: str) -> str:
    return field.removesuffix("_minor")


def _text(facts: Mapping[str, Any], field: str) -> str | None:
    if field not in facts:
        return None
    value = facts[field]
    if field.endswith("_minor") and isinstance(value, int) and isinstance(facts.get("currency"), str):
        return i18n.sum_words(Money(value, facts["currency"]), language.current())
    if field.endswith("_bps") and isinstance(value, int):
        return i18n.rate_words(value, language.current())
    if isinstance(value, list | tuple):
        return ", ".join(map(str, value)) or "–"
    return "–" if value in (None, "") else str(value)
