"""How gunicorn serves `app:app`: threads, since a request mostly waits for the database.

`GUNICORN_CMD_ARGS` (for example `--bind 0.0.0.0:8000`) and `WEB_CONCURRENCY` (processes) override it.
"""

import os

from portal.core import memory
from portal.core.settings import Settings

_settings = Settings()

bind = f"127.0.0.1:{_settings.port}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = _settings.database_pool_size  # A thread more would only wait for a connection.
preload_app = True  # Loaded once, shared by every process; connections are opened after the fork.
timeout = 60
graceful_timeout = 20
keepalive = 5
# Renewed now and then, not all at once, so that no leak in a library can grow for ever.
max_requests = 20_000
max_requests_jitter = 2_000
# A worker's heartbeat is a file: kept in memory where Linux offers it, a slow disk cannot make it look dead.
worker_tmp_dir = "/dev/shm" if os.path.isdir("/dev/shm") else None  # noqa: PTH112, S108
control_socket_disable = True
accesslog = None
proc_name = "leb-portal"


def pre_fork(server: object, worker: object) -> None:  # noqa: ARG001 - gunicorn's hook
    """Settle what is loaded: full collections then look at a request's objects only, and memory stays shared."""
    memory.settle()
