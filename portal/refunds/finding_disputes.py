"""Find the disputes that nobody told of: the webhook of an opening may be lost, and then the money goes unseen."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sqlalchemy import select

from portal.core.db import db, in_transaction
from portal.core.errors import NotFound
from portal.payments import registry
from portal.refunds import disputing
from portal.refunds.models import Dispute


def find(provider_name: str, *, since: datetime) -> None:
    """Take down every dispute that was opened at a provider since and is not known here, as its webhook would have it.

    No transaction around it. A dispute of a payment that is none of ours is passed over.

    Raises:
        Declined: the provider does not show its disputes.
        Retry: the provider could not be asked.
    """
    provider = in_transaction(lambda: registry.get(provider_name))
    named = provider.disputes(since=since)
    for provider_id in in_transaction(lambda: _unknown(provider_name, named)):
        with suppress(NotFound):
            disputing.look_into(provider_name, provider_id)


def _unknown(provider_name: str, named: Sequence[str]) -> list[str]:
    query = select(Dispute.provider_id).where(Dispute.provider == provider_name, Dispute.provider_id.in_(named))
    known = set(db.session.scalars(query)) if named else set()
    return [provider_id for provider_id in named if provider_id not in known]
