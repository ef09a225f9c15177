"""Have automatic top-ups wait, and tell their owners where somebody has to look."""

from datetime import datetime

from portal.agents import telling
from portal.audit import log
from portal.core import clock, settings
from portal.core.actor import WORKER
from portal.core.db import db
from portal.wallets.models import AutomaticTopUp, TopUpPause, TopUpRest

TOLD = frozenset({TopUpRest.DAY_IS_FULL, TopUpRest.OWNER_WANTED})
"""Rests of which owners are mailed; the pages show every one."""


def pause(mandate: AutomaticTopUp, why: TopUpPause) -> None:
    """Charge the card no more until its owner has looked, and mail them; a second time changes nothing."""
    if mandate.is_paused:
        return
    mandate.paused_at, mandate.pause = clock.now(), why
    mandate.rests_until = mandate.rest = None
    _record(mandate, "wallets.pause_top_ups", why)
    _tell(mandate, "top_up_paused")


def rest(mandate: AutomaticTopUp, why: TopUpRest, *, until: datetime) -> None:
    """Charge the card no more until an instant; owners are mailed where they can do something about it."""
    mandate.rests_until, mandate.rest = until, why
    _record(mandate, "wallets.rest_top_ups", why)
    if why in TOLD:
        _tell(mandate, "top_up_rests")


def forget(mandate: AutomaticTopUp) -> None:
    """Take back whatever kept the card from being charged."""
    mandate.declines_in_row = 0
    mandate.paused_at = mandate.pause = mandate.rests_until = mandate.rest = None


def _record(mandate: AutomaticTopUp, act: str, why: TopUpPause | TopUpRest) -> None:
    db.session.flush()  # it waits before it is recorded
    log.record(
        actor=WORKER,
        act=act,
        subject=("automatic_top_up", mandate.id),
        after={"currency": mandate.currency, "why": why, "until": mandate.rests_until},
    )


def _tell(mandate: AutomaticTopUp, letter: str) -> None:
    address = settings.current().address
    telling.tell_owners(
        mandate.agent_id,
        letter,
        about=("agent", mandate.agent_id),
        mandate=mandate,
        card=mandate.saved_method.label,
        link=f"{address}/agent/wallet/top-up?currency={mandate.currency}&amount={mandate.amount_minor}",
        page=f"{address}/agent/wallet/low-balance?currency={mandate.currency}",
    )
