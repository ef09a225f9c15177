"""Tell an agent that a wallet runs low: once a fall, and again only after it rose."""

from uuid import UUID

from sqlalchemy import ColumnElement, select

from portal.agents import telling
from portal.audit import log
from portal.core import clock, ids, outbox, settings, uniqueness
from portal.core.actor import Actor
from portal.core.db import Statement, db, execute_together, existing
from portal.core.errors import InvalidInput
from portal.core.money import Money
from portal.wallets import queries
from portal.wallets.models import WalletThreshold


def keep(*, agent_id: UUID, threshold: Money, actor: Actor) -> None:
    """Settle below what an agent is told that a wallet runs low; what can still be spent is compared with it.

    A wallet that is below it already has not fallen: nobody is told what they have just seen.

    Raises:
        InvalidInput: the threshold is not positive.
        NotFound: the agent has no wallet in the currency.
    """
    if threshold.minor <= 0:
        raise InvalidInput(field="threshold", reason="amount_zero")
    wallet = queries.in_currency(agent_id, threshold.currency)
    standing = _locked_of(agent_id, threshold.currency)
    before = standing.threshold_minor if standing else None
    if standing is None:
        standing = WalletThreshold(id=ids.new_id(), agent_id=agent_id, currency=threshold.currency)
        db.session.add(standing)
    standing.threshold_minor = threshold.minor
    standing.fallen_at = (standing.fallen_at or clock.now()) if wallet.available < threshold else None
    # Two of an agent's windows at once: the second finds the first one's row.
    uniqueness.flush("uq_wallet_thresholds_agent_id_currency")
    log.record(
        actor=actor,
        act="wallets.set_threshold",
        subject=("agent", agent_id),
        before={"threshold_minor": before, "currency": threshold.currency},
        after={"threshold_minor": threshold.minor, "currency": threshold.currency},
    )


def remove(*, agent_id: UUID, currency: str, actor: Actor) -> None:
    """Tell the agent no more when a wallet runs low.

    Raises:
        NotFound: it was not told.
    """
    standing = existing(_locked_of(agent_id, currency))
    db.session.delete(standing)
    db.session.flush()  # gone before it is recorded
    log.record(
        actor=actor,
        act="wallets.remove_threshold",
        subject=("agent", agent_id),
        before={"threshold_minor": standing.threshold_minor, "currency": currency},
    )


def sweep() -> None:
    """Write down which wallets fell and which rose, and have the owners of the fallen ones told."""
    now = clock.now()
    # Whoever writes a fall down first has it told: another sweep waits for the row, and then finds it fallen.
    _risen, fallen = execute_together([Statement(_RISES, {}), Statement(_FALLS, {"now": now})])
    outbox.add_each("wallets.warn", [row.id for row in fallen])


def warn(threshold_id: UUID) -> None:
    """Mail the owners that a wallet runs low, unless they were told of this fall, or it rose meanwhile."""
    standing = _locked(WalletThreshold.id == threshold_id)
    if standing is None or standing.fallen_at is None:
        return
    if standing.warned_at is not None and standing.warned_at >= standing.fallen_at:
        return
    wallet = queries.in_currency(standing.agent_id, standing.currency)
    if wallet.available >= standing.threshold:
        return
    standing.warned_at = clock.now()
    db.session.flush()  # the row and the mail are written together
    telling.tell_owners(
        standing.agent_id,
        "wallet_low",
        about=("agent", standing.agent_id),
        wallet=wallet,
        threshold=standing.threshold,
        link=f"{settings.current().address}/agent/wallet/top-up?currency={standing.currency}",
        page=f"{settings.current().address}/agent/wallet/low-balance?currency={standing.currency}",
    )


def _locked_of(agent_id: UUID, currency: str) -> WalletThreshold | None:
    return _locked(WalletThreshold.agent_id == agent_id, WalletThreshold.currency == currency)


def _locked(*which: ColumnElement[bool]) -> WalletThreshold | None:
    return db.session.scalar(
        select(WalletThreshold).where(*which).with_for_update().execution_options(populate_existing=True)
    )


_RISES = """
    UPDATE wallet_thresholds SET fallen_at = NULL
    FROM ledger_accounts AS wallet
    WHERE fallen_at IS NOT NULL
          AND wallet.owner_id = agent_id AND wallet.kind = 'agent_wallet'
          AND wallet.currency = wallet_thresholds.currency
          AND wallet.balance_minor + wallet.credit_limit_minor >= threshold_minor
"""

_FALLS = """
    UPDATE wallet_thresholds SET fallen_at = %(now)s
    FROM ledger_accounts AS wallet, agents
    WHERE fallen_at IS NULL
          AND wallet.owner_id = agent_id AND wallet.kind = 'agent_wallet'
          AND wallet.currency = wallet_thresholds.currency
          AND wallet.balance_minor + wallet.credit_limit_minor < threshold_minor
          AND agents.id = agent_id AND agents.status = 'verified'
    RETURNING wallet_thresholds.id
"""
