"""`flask worker`: what is due is done here."""

import logging

import click
from flask.cli import with_appcontext

from portal import handlers
from portal.core import memory, queue
from portal.core.db import db
from portal.receipts import document

logger = logging.getLogger(__name__)


@click.command()
@with_appcontext
def worker() -> None:
    """Work the queue: deliver renewals, render receipts, send mails. Run as many as there are cores."""
    memory.give_large_blocks_back()
    document.warm()
    memory.settle()
    logger.info("this worker knows %d kinds of work", len(handlers.HANDLED))
    queue.work_forever(prepare=db.engine.dispose)
