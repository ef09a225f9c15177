"""Bring the tables up to date and print the sign-ins of a demo that is here: done on every start, so kept light."""

from flask_migrate import upgrade

from portal import factory
from portal.core import settings
from portal.demo import cast


def main() -> None:
    """Do what `flask db upgrade` does, and look for the cast before anything is loaded."""
    with factory.create_app().app_context():
        upgrade()
        if settings.current().demo and cast.is_here():
            print(cast.sign_ins())


if __name__ == "__main__":
    main()
