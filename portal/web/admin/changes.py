"""What an act changed, field by field, as text for people: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.audit.models import AuditRecord
from portal.catalogue.offers import FieldChange
from portal.core import i18n
from portal.core.money import Money
from portal.web import language
from portal.web.admin import fact_codes
from portal.web.words import METHODS

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
        Change(_name(field), *(_text(facts, field, record.subject_kind) for facts in (before, after)))
        for field in [*before, *(field for field in after if field not in before)]
        if before.get(field) != after.get(field) and not _is_of_a_sum(field, before | after)
    ]


def of_field(change: FieldChange, currency: str) -> Change:
    """Write a plan's changed field, its amounts in the currency that it would have."""
    before, after = ({"currency": currency, change.field: value} for value in (change.before, change.after))
    return Change(_name(change.field), *(_text(facts, change.field, "plan") for facts in (before, after)))


def page_of(record: AuditRecord) -> str:
    """Give the address of the page about an act's subject; empty when there is none."""
    if record.subject_kind == "plan":
        code = (record.after or {}).get("code")
        return f"/admin/catalogue/{code}" if code else ""
    page = PAGES.get(record.subject_kind)
    return page.format(record.subject_id) if page and record.subject_id else ""


def _name(field: str) -> str:
    return field.removesuffix("_minor")


def _is_of_a_sum(field: str, facts: Mapping[str, Any]) -> bool:
    """Tell whether a field is the currency of one sum among several, which is written with it."""
    return field.endswith("_currency") and f"{field.removesuffix('_currency')}_minor" in facts


def _text(facts: Mapping[str, Any], field: str, subject_kind: str) -> str | None:
    if field not in facts:
        return None
    value = facts[field]
    if value in (None, "", [], {}):
        return "–"
    if isinstance(value, Mapping):
        pairs = ((METHODS.get(key, key), fact_codes.words(one, "provider", subject_kind)) for key, one in value.items())
        return ", ".join(f"{method}: {provider}" for method, provider in pairs)
    if isinstance(value, list | tuple):
        return ", ".join(fact_codes.words(one, field, subject_kind) for one in value)
    if isinstance(value, int) and not isinstance(value, bool):
        return _number(value, field, facts)
    return fact_codes.words(value, field, subject_kind)


def _number(value: int, field: str, facts: Mapping[str, Any]) -> str:
    currency = facts.get(f"{_name(field)}_currency", facts.get("currency"))
    if field.endswith("_minor") and isinstance(currency, str):
        return i18n.sum_words(Money(value, currency), language.current())
    return i18n.rate_words(value, language.current()) if field.endswith("bps") else str(value)
