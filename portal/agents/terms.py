"""Change commission terms: each change is a new version, and renewals keep the one they were sold under."""

from dataclasses import asdict
from uuid import UUID

from portal.agents import queries
from portal.agents.commission import Terms
from portal.agents.models import CommissionTerms
from portal.audit import log
from portal.core import clock, turns
from portal.core.actor import Actor
from portal.core.db import db
from portal.core.errors import InvalidInput
from portal.core.ids import new_id
from portal.core.money import BPS, MAX_MINOR, exponent
from portal.ledger import chart


def change(*, agent_id: UUID, currency: str, terms: Terms, actor: Actor) -> CommissionTerms:
    """Set an agent's own terms in a currency and open its accounts there; the terms it has make no new version.

    Raises:
        InvalidInput: `currency_unknown`, `rate_out_of_range`, `amount_negative`, `amount_too_large`, `fee_bounds`.
    """
    changed = _supersede(agent_id=agent_id, currency=currency, terms=terms, actor=actor)
    chart.open_accounts([chart.agent_wallet(agent_id), chart.commission_earned(agent_id)], currency)
    return changed


def change_default(*, currency: str, terms: Terms, actor: Actor) -> CommissionTerms:
    """Set the terms of every agent that has none of its own in a currency.

    Raises:
        InvalidInput: as in `change`.
    """
    return _supersede(agent_id=None, currency=currency, terms=terms, actor=actor)


def end_own(*, agent_id: UUID, currency: str, actor: Actor) -> None:
    """Put an agent back on the operator's default terms in a currency; its wallet stays."""
    _wait(agent_id, currency)
    standing = queries.own_terms(agent_id, currency)
    if standing is None:
        return
    standing.superseded_at = clock.now()
    db.session.flush()
    log.record(
        actor=actor,
        act="agents.end_terms",
        subject=("agent", agent_id),
        before={"currency": currency, "version": standing.version, **asdict(queries.terms_of(standing))},
    )


def check(terms: Terms, *, currency: str) -> None:
    """Refuse terms that cannot be.

    Raises:
        InvalidInput: as in `change`.
    """
    try:
        exponent(currency)
    except ValueError as error:
        raise InvalidInput(field="currency", reason="currency_unknown") from error
    for field in ("fee_bps", "share_bps"):
        if not 0 <= getattr(terms, field) <= BPS:
            raise InvalidInput(field=field, reason="rate_out_of_range")
    for field in ("fee_fixed_minor", "fee_min_minor", "fee_max_minor"):
        amount = getattr(terms, field) or 0
        if amount < 0:
            raise InvalidInput(field=field, reason="amount_negative")
        if amount > MAX_MINOR:
            raise InvalidInput(field=field, reason="amount_too_large")
    if terms.fee_max_minor is not None and terms.fee_max_minor < (terms.fee_min_minor or 0):
        raise InvalidInput(field="fee_max_minor", reason="fee_bounds")


def _supersede(*, agent_id: UUID | None, currency: str, terms: Terms, actor: Actor) -> CommissionTerms:
    check(terms, currency=currency)
    _wait(agent_id, currency)
    standing = queries.own_terms(agent_id, currency)
    if standing is not None:
        if queries.terms_of(standing) == terms:
            return standing
        standing.superseded_at = clock.now()
        db.session.flush()  # one version is current at a time: the unique index sees this before the next line
    changed = CommissionTerms(
        id=new_id(),
        agent_id=agent_id,
        currency=currency,
        version=queries.last_version(agent_id, currency) + 1,
        **asdict(terms),
    )
    db.session.add(changed)
    db.session.flush()
    log.record(
        actor=actor,
        act="agents.change_terms" if agent_id else "agents.change_default_terms",
        subject=("agent" if agent_id else "commission_terms", agent_id or changed.id),
        before=asdict(queries.terms_of(standing)) if standing else None,
        after={"currency": currency, "version": changed.version, **asdict(terms)},
    )
    return changed


def _wait(agent_id: UUID | None, currency: str) -> None:
    # Two admins at once would both read version 3 and both write version 4.
    turns.wait_for(f"commission_terms:{agent_id or 'default'}:{currency}")
