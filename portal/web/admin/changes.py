"""What an act changed, field by field, as text for people: pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any
from uuid import UUID

from markupsafe import Markup

from portal.audit.models import AuditRecord
from portal.catalogue.offers import FieldChange
from portal.core import i18n, ids
from portal.core.money import Money
from portal.core.settings import current as settings
from portal.web import language
from portal.web.admin import fact_codes, fact_words
from portal.web.admin.subjects import Subject
from portal.web.words import METHODS

PAGES = {
    "renewal": "/admin/transactions/{}",
    "top_up": "/admin/transactions/{}",
    "agent": "/admin/agents/{}",
    "user": "/admin/users/{}",
    "catalogue_import": "/admin/catalogue/imports/{}",
    "difference": "/admin/reconciliation/differences/{}",
    "payment": "/admin/payments/{}",
    "refund": "/admin/refunds/{}",
    "dispute": "/admin/disputes/{}",
    "promotion": "/admin/promotions/{}",
    "payout_run": "/admin/payouts/runs/{}",
    "export": "/admin/exports/{}",
}
"""Kind of subject -> the address of its page."""


NOTHING_KNOWN: Mapping[UUID, Subject] = MappingProxyType({})

_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$", re.ASCII)
"""An aware instant as facts keep it; whatever a person typed looks otherwise."""


@dataclass(frozen=True, slots=True)
class Change:
    """One field before and after; None where it was not there."""

    field: str
    before: str | None
    after: str | None


def ids_of(record: AuditRecord) -> set[UUID]:
    """Gather the ids that an act's facts name, and its subject's."""
    values = [value for facts in (record.before or {}, record.after or {}) for value in facts.values()]
    texts = [one for value in values for one in (value if isinstance(value, list | tuple) else [value])]
    found = {parsed for text in texts if isinstance(text, str) and (parsed := ids.parse_id(text))}
    return found | ({record.subject_id} if record.subject_id else set())


def of_record(record: AuditRecord, known: Mapping[UUID, Subject] = NOTHING_KNOWN) -> list[Change]:
    """List what an act changed; fields that stayed the same are left out. `known` says what ids stand for."""
    before, after = record.before or {}, record.after or {}
    about = record.subject_kind
    return [
        Change(_name(field, about), *(_known(_text(facts, field, about), known) for facts in (before, after)))
        for field in [*before, *(field for field in after if field not in before)]
        if before.get(field) != after.get(field) and not _is_of_a_sum(field, before | after)
    ]


def _known(text: str | None, known: Mapping[UUID, Subject]) -> str | None:
    """Write what ids stand for instead of them, as links."""
    if text is None or not known:
        return text
    found = [known.get(parsed) if (parsed := ids.parse_id(part)) else None for part in text.split(", ")]
    if not any(found):
        return text
    parts = zip(text.split(", "), found, strict=True)
    return Markup(", ").join(subject if subject else part for part, subject in parts)


def of_field(change: FieldChange, currency: str) -> Change:
    """Write a plan's changed field, its amounts in the currency that it would have."""
    before, after = ({"currency": currency, change.field: value} for value in (change.before, change.after))
    return Change(_name(change.field, "plan"), *(_text(facts, change.field, "plan") for facts in (before, after)))


def page_of(record: AuditRecord) -> str:
    """Give the address of the page about an act's subject; empty when there is none."""
    if record.subject_kind == "plan":
        code = (record.after or {}).get("code")
        return f"/admin/catalogue/{code}" if code else ""
    page = PAGES.get(record.subject_kind)
    return page.format(record.subject_id) if page and record.subject_id else ""


def _name(field: str, subject_kind: str) -> str:
    return fact_words.FIELDS_ABOUT.get((subject_kind, field), field.removesuffix("_minor"))


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
    if isinstance(value, str) and _INSTANT.match(value):
        return i18n.instant_words(datetime.fromisoformat(value), language.current(), zone=settings().time_zone)
    return fact_codes.words(value, field, subject_kind)


def _number(value: int, field: str, facts: Mapping[str, Any]) -> str:
    currency = facts.get(f"{field.removesuffix('_minor')}_currency", facts.get("currency"))
    if field.endswith("_minor") and isinstance(currency, str):
        return i18n.sum_words(Money(value, currency), language.current())
    return i18n.rate_words(value, language.current()) if field.endswith("bps") else str(value)
