"""`flask demo`: a portal to look at."""

import click
from flask.cli import AppGroup

from portal import handlers  # noqa: F401 - the demo does its own work, as workers would
from portal.demo import cast, loading

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
