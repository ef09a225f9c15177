"""Issue a receipt: freeze what it says at the moment of delivery."""

import hashlib
from uuid import UUID

from portal.core import outbox
from portal.core.db import db
from portal.receipts.content import ReceiptContent, to_canonical_json
from portal.receipts.models import Receipt


def issue(*, renewal_id: UUID, customer_id: UUID, agent_id: UUID | None, content: ReceiptContent) -> Receipt:
    """Freeze a receipt's content in the transaction that delivers, and leave number and file to the worker."""
    canonical = to_canonical_json(content)
    receipt = Receipt(
        renewal_id=renewal_id,
        customer_id=customer_id,
        agent_id=agent_id,
        content=canonical,
        content_sha256=hashlib.sha256(canonical.encode()).hexdigest(),
        verification_code=content.verification_code,
        issued_at=content.issued_at,
    )
    db.session.add(receipt)
    db.session.flush()  # a second receipt for the renewal must fail inside the delivery
    outbox.add("receipts.render", receipt.id)
    return receipt
