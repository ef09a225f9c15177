"""Every task of every capability, imported for its outbox handler; `HANDLED` is what the worker can do."""

from portal.cards import tasks as cards_tasks
from portal.core import mail, outbox
from portal.exports import tasks as exports_tasks
from portal.receipts import tasks as receipts_tasks
from portal.renewals import tasks as renewals_tasks

MODULES = (mail, cards_tasks, receipts_tasks, renewals_tasks, exports_tasks)

HANDLED = frozenset(outbox.HANDLERS)
