"""Commands of the house: `flask worker`, `clock`, `sandbox`, `demo`, `users`, `receipts`, `ledger`; thin, like views.

This package stands above the factory, and `.flaskenv` points the `flask` command here: the web process never imports
what only the worker needs, WeasyPrint above all, and neither do the commands that draw nothing.
"""

from importlib import import_module

import click
from flask import Flask
from flask.cli import AppGroup

from portal import factory

COMMANDS = ("clock", "demo", "ledger", "receipts", "sandbox", "users", "worker")
"""Each is a module here, and its command in there has the same name."""


def create_app() -> Flask:
    """Build the application with every command."""
    app = factory.create_app()
    app.cli = Commands(app.name, commands=app.cli.commands)
    return app


class Commands(AppGroup):
    """Every command; the module of one is imported when that one is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """List the names of all."""
        return sorted({*super().list_commands(ctx), *COMMANDS})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Give one by its name; None where there is none."""
        if cmd_name not in COMMANDS:
            return super().get_command(ctx, cmd_name)
        command: click.Command = getattr(import_module(f"{__name__}.{cmd_name}"), cmd_name)
        return command
