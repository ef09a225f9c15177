"""Cards and accounts kept at providers, to be charged while their owner is away; their names there are secrets."""

import json
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.audit import log
from portal.core import clock, crypto, ids, settings
from portal.core.actor import Actor
from portal.core.db import db
from portal.payments.errors import MethodGone
from portal.payments.models import Payment, PaymentPurpose, SavedMethod
from portal.payments.providers import base


def keep(payment: Payment, saved: base.SavedMethod) -> None:
    """Keep what the payer agreed to have kept; the same card of the same owner is kept once."""
    vault = crypto.vault(settings.current().encryption_key)
    is_agents = payment.purpose is PaymentPurpose.TOP_UP or payment.customer_id is None
    owner = payment.agent_id if is_agents else payment.customer_id
    values = {
        "label": saved.label[:80],
        "expires": saved.expires,
        "secret": vault.encrypt(json.dumps({"token": saved.token, "customer_token": saved.customer_token})),
        "saved_at": clock.now(),
        "removed_at": None,
    }
    db.session.execute(
        insert(SavedMethod)
        .values(
            id=ids.new_id(),
            agent_id=owner if is_agents else None,
            customer_id=None if is_agents else owner,
            provider=payment.provider,
            method=payment.method,
            token_hash=vault.lookup_hash(f"{owner}|{saved.token}"),
            **values,
        )
        .on_conflict_do_update(constraint="uq_saved_methods_provider_token_hash", set_=values)
    )


def secret_of(kept: SavedMethod) -> base.SavedMethod:
    """Give what the provider knows a saved card or account by."""
    names = json.loads(crypto.vault(settings.current().encryption_key).decrypt(bytes(kept.secret)))
    return base.SavedMethod(names["token"], names["customer_token"], kept.label, kept.expires)


def of_agent(agent_id: UUID) -> list[SavedMethod]:
    """List an agent's saved cards and accounts, the newest first."""
    return list(
        db.session.scalars(
            select(SavedMethod)
            .where(SavedMethod.agent_id == agent_id, SavedMethod.removed_at.is_(None))
            .order_by(SavedMethod.id.desc())
        )
    )


def standing(saved_method_id: UUID) -> SavedMethod:
    """Give a saved card or account that is still kept.

    Raises:
        MethodGone: it was removed, or never was.
    """
    kept = db.session.get(SavedMethod, saved_method_id, populate_existing=True)
    if kept is None or kept.removed_at is not None:
        raise MethodGone
    return kept


def remove(saved_method_id: UUID, *, agent_id: UUID, actor: Actor) -> None:
    """Forget an agent's saved card or account: it is charged no more.

    Raises:
        MethodGone: the agent has none such.
    """
    kept = standing(saved_method_id)
    if kept.agent_id != agent_id:
        raise MethodGone
    kept.removed_at = clock.now()
    db.session.flush()
    log.record(
        actor=actor,
        act="payments.forget_method",
        subject=("saved_method", kept.id),
        before={"label": kept.label, "provider": kept.provider},
    )
