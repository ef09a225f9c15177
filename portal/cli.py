"""Commands of the house: `flask worker`, `clock`, `sandbox`, `demo`, `users`, `receipts`, `ledger`; thin, like views.

This module stands above the factory, and `.flaskenv` points the `flask` command here: the web process never imports
what only the worker needs, WeasyPrint above all.
"""

import logging
import time
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup, with_appcontext
from sqlalchemy.exc import OperationalError

from portal import factory, handlers
from portal.accounts import invitations
from portal.accounts.errors import EmailTaken
from portal.accounts.models import STAFF, Role
from portal.audit import sealing
from portal.core import memory, queue, settings
from portal.core.actor import COMMAND_LINE
from portal.core.db import db, transaction
from portal.core.errors import Busy
from portal.demo import cast, loading
from portal.receipts import document, filing
from portal.reconciliation import verification as reconciliation
from portal.renewals import verification
from portal.sandbox import serving
from portal.sweeping import Sweeper

logger = logging.getLogger(__name__)

CLOCK_BEAT = 2.0
"""Seconds between two sweeps: a receipt whose bell was lost arrives this much later."""


def create_app() -> Flask:
    """Build the application with every command, and with the handlers of every kind of outbox row."""
    app = factory.create_app()
    for command in (worker, clock, sandbox, demo, users, receipts, ledger):
        app.cli.add_command(command)
    app.extensions["portal_handled"] = handlers.HANDLED
    return app


@click.command()
@with_appcontext
def worker() -> None:
    """Work the queue: deliver renewals, render receipts, send mails. Run as many as there are cores."""
    memory.give_large_blocks_back()
    document.warm()
    memory.settle()
    queue.work_forever(prepare=db.engine.dispose)


@click.command()
@click.option("--once", is_flag=True, help="Sweep one time and end.")
@with_appcontext
def clock(once: bool) -> None:
    """Sweep the outbox, seal the audit log, take daily snapshots. Two of them do no harm."""
    sweeper = Sweeper()
    while True:
        try:
            sweeper.sweep()
        except (OperationalError, Busy):
            if once:
                raise
            logger.warning("the database does not answer; the next sweep tries again")
            db.session.rollback()
        if once:
            return
        time.sleep(CLOCK_BEAT)


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option("--port", default=8010, show_default=True, type=click.IntRange(1, 65535))
@with_appcontext
def sandbox(host: str, port: int) -> None:
    """Run the stand-in carriers, a separate process that behaves like the real ones, faults included."""
    portal_settings = settings.current()
    home: Path = portal_settings.portal_home / "sandbox"
    home.mkdir(parents=True, exist_ok=True)
    serving.serve(host, port, home, demo=portal_settings.demo)


demo = AppGroup("demo", help="The demo cast and its data.")


@demo.command("load")
def load_demo() -> None:
    """Load the demo data into an empty database, and print who may sign in."""
    loaded = loading.load()
    click.echo(cast.sign_ins() if loaded or cast.is_here() else "The database is not empty: nothing was loaded.")


@demo.command("sign-ins")
def print_sign_ins() -> None:
    """Print the demo sign-ins."""
    click.echo(cast.sign_ins())


users = AppGroup("users", help="The people of the operator.")


@users.command("invite")
@click.argument("email")
@click.argument("name")
@click.option("--role", type=click.Choice([role.value for role in STAFF]), default=Role.ADMIN.value, show_default=True)
def invite_user(email: str, name: str, role: str) -> None:
    """Mail somebody of the operator a link to choose their password: the way to the first admin."""
    try:
        with transaction():
            invitations.invite(email=email, name=name, role=Role(role), actor=COMMAND_LINE)
    except EmailTaken as error:
        raise click.ClickException(f"{email} is a user already.") from error
    click.echo(f"An invitation for {email} is on its way; it works once and for seven days.")


receipts = AppGroup("receipts", help="The files of receipts.")


@receipts.command("check")
@click.option("--restore", is_flag=True, help="Make missing files anew, byte for byte.")
def check_receipts(restore: bool) -> None:
    """Compare every receipt's file with its kept hash; name those that are missing or altered, and end with 1."""
    broken = filing.check(restore=restore)
    for number, what in broken:
        click.echo(f"{number}: {what}")
    if broken:
        raise SystemExit(1)
    click.echo("Every receipt's file is there and unaltered.")


ledger = AppGroup("ledger", help="The books.")


@ledger.command("verify")
def verify() -> None:
    """Check every rule of the books and the seals of the audit log; name the rows that break one, and end with 1."""
    findings = [*verification.verify_everything(), *reconciliation.verify()]
    for finding in findings:
        click.echo(f"{finding.rule}: {finding.what} ({finding.where})")
    broken = sealing.broken_seals()
    for sealed in broken:
        click.echo(f"audit log: altered between records {sealed.first_id} and {sealed.last_id}")
    if findings or broken:
        raise SystemExit(1)
    click.echo("The books are right: every rule holds.")
