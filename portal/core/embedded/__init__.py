"""PostgreSQL and Valkey of our own for one machine: taken from their wheels, open to this machine only."""

from portal.core.embedded.places import EmbeddedServerFailed, free_port, temporary_folder
from portal.core.embedded.postgres import PostgresServer, temporary_postgres
from portal.core.embedded.valkey import ValkeyServer, temporary_valkey

__all__ = [
    "EmbeddedServerFailed",
    "PostgresServer",
    "ValkeyServer",
    "free_port",
    "temporary_folder",
    "temporary_postgres",
    "temporary_valkey",
]
