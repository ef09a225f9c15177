"""`flask sandbox`: carriers and payment providers to practise with."""

from pathlib import Path

import click
from flask.cli import with_appcontext

from portal.core import settings
from portal.sandbox import serving


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
