"""Have automatic top-ups wait, and tell their owners where somebody has to look."""

from datetime import datetime

from portal.audit import log
from portal.core import clock
from portal.core.actor import WORKER
from portal.core.db import db
from portal.wallets import telling
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
    telling.tell_waiting(mandate, "top_up_paused")


def rest(mandate: AutomaticTopUp, why: TopUpRest, *, until: datetime) -> None:
    """Charge the card no more until an instant; owners are mailed where they can do something about it."""
    mandate.rests_until, mandate.rest = until, why
    _record(mandate, "wallets.rest_top_ups", why)
    if why in TOLD:
        telling.tell_waiting(mandate, "top_up_rests")


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
