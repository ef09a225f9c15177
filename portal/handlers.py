"""Every task of every capability, imported for its outbox handler; `HANDLED` is what the worker can do."""

from portal.cards import tasks as cards_tasks
from portal.core import mail, outbox
from portal.exports import tasks as exports_tasks
from portal.payments import tasks as payments_tasks
from portal.payouts import tasks as payouts_tasks
from portal.receipts import tasks as receipts_tasks
from portal.reconciliation import tasks as reconciliation_tasks
from portal.refunds import tasks as refunds_tasks
from portal.renewals import tasks as renewals_tasks
from portal.wallets import tasks as wallets_tasks

MODULES = (
    mail,
    cards_tasks,
    payments_tasks,
    receipts_tasks,
    wallets_tasks,
    renewals_tasks,
    refunds_tasks,
    payouts_tasks,
    reconciliation_tasks,
    exports_tasks,
)

HANDLED = frozenset(outbox.HANDLERS)
