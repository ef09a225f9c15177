"""`flask ledger`: the books, proved."""

import click
from flask.cli import AppGroup

from portal.audit import sealing
from portal.reconciliation import verification as reconciliation
from portal.renewals import verification

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
