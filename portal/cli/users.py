"""`flask users`: the way to the first admin."""

import click
from flask.cli import AppGroup

from portal.accounts import invitations
from portal.accounts.errors import EmailTaken
from portal.accounts.models import STAFF, Role
from portal.core.actor import COMMAND_LINE
from portal.core.db import transaction

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
