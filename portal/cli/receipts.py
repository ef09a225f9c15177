"""`flask receipts`: the files that were handed out."""

import click
from flask.cli import AppGroup

from portal.receipts import filing

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
