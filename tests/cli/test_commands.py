"""A command loads what it needs, and no more."""

import subprocess
import sys

from portal.cli import COMMANDS, create_app


def test_finds_every_command_and_those_of_libraries() -> None:
    found = create_app().test_cli_runner().invoke(args=["--help"]).output

    assert all(f"\n  {name} " in found for name in [*COMMANDS, "db"]), found


def test_commands_that_draw_nothing_start_without_weasyprint() -> None:
    loads = "import portal.cli.clock, portal.cli.ledger, portal.cli.sandbox, portal.cli.users, sys"

    done = subprocess.run([sys.executable, "-c", f"{loads}; sys.exit('weasyprint' in sys.modules)"], check=False)

    assert done.returncode == 0
