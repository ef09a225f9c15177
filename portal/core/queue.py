"""The only file that knows RQ: ring a row's id, and work the queue from a warm parent."""

import logging
from collections.abc import Callable
from typing import Any

from redis import Redis
from redis.exceptions import RedisError
from rq import Queue, SimpleWorker, Worker
from rq.serializers import JSONSerializer
from rq.worker_pool import WorkerPool

logger = logging.getLogger(__name__)

JOB_TIMEOUT = 180
"""Seconds for one job: a carrier may take 60 to answer, a receipt takes well under one."""

JOB_FUNCTION = "portal.core.working.work_through"

MOST_BELLS = 16
"""More than the workers of one installation: each finds a bell of its own, and no backlog of bells piles up."""


class Broker:
    """The connection to Valkey and the one queue this installation works."""

    def __init__(self) -> None:
        self._queue: Queue | None = None

    def configure(self, *, url: str, queue_name: str) -> None:
        """Point at a server; without a url nothing is rung and the clock's sweep finds no broker."""
        self._queue = None
        if url:
            connection = Redis.from_url(url, socket_connect_timeout=0.5, socket_timeout=5)
            self._queue = Queue(queue_name, connection=connection, serializer=JSONSerializer)

    @property
    def queue(self) -> Queue:
        """The queue; raises RuntimeError while no broker is configured."""
        if self._queue is None:
            raise RuntimeError("no broker is configured: set REDIS_URL")
        return self._queue

    @property
    def is_configured(self) -> bool:
        """Whether REDIS_URL names a broker."""
        return self._queue is not None


broker = Broker()


def ring() -> None:
    """Tell the broker that work waits. A bell says no more than that: whoever hears it works through all due rows.

    Bells that nobody has heard yet are not added to, so a backlog costs the broker nothing. A broker that is down is no
    failure: the clock rings again.
    """
    if not broker.is_configured:
        return
    try:
        if broker.queue.count < MOST_BELLS:
            broker.queue.enqueue(JOB_FUNCTION, job_timeout=JOB_TIMEOUT, result_ttl=0, failure_ttl=86_400)
    except RedisError as error:
        logger.warning("broker not told: %s", type(error).__name__)


class WarmWorker(SimpleWorker):
    """Works jobs in its own process, which inherited everything warm; replaced after a number of jobs.

    Forking for each job would cost as much as a receipt does; a crash still costs one process, which the pool replaces.
    """

    prepare: Callable[[], object] = staticmethod(lambda: None)

    max_connection_wait_time = 2.0
    """Seconds between two looks for a broker that is away, however long it has been: RQ would wait a minute."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **{**options, "worker_ttl": WORKER_TTL})

    def work(self, *args: Any, **options: Any) -> bool:
        """Work the queue until told to stop, or until so many jobs that a leak could begin to show."""
        self.prepare()
        return super().work(*args, **{**options, "max_jobs": JOBS_IN_A_LIFE, "with_scheduler": False})

    def heartbeat(self, *args: Any, **options: Any) -> None:
        """Say that this worker lives, and who it is to a broker that came back empty: RQ tells that at birth only."""
        if not self.connection.sismember(self.redis_workers_keys, self.key):
            self.connection.delete(self.key)
            self.register_birth()  # type: ignore[no-untyped-call]
        super().heartbeat(*args, **options)


JOBS_IN_A_LIFE = 2000

WORKER_TTL = 30
"""Seconds; an idle worker is heard of every 15 and forgotten after 90 of silence, so `/readyz` misses it soon."""


def work_forever(*, prepare: Callable[[], object], processes: int = 1) -> None:
    """Keep `processes` forked workers on the queue, replacing those that die, until SIGINT or SIGTERM.

    Args:
        prepare: called in each new process before its first job: drops what must not be shared across a fork.
        processes: how many work side by side.
    """
    WarmWorker.prepare = staticmethod(prepare)
    queue = broker.queue
    pool = WorkerPool(
        [queue.name],
        connection=queue.connection,
        num_workers=processes,
        worker_class=WarmWorker,
        serializer=JSONSerializer,
    )
    pool.start(logging_level="WARNING")


def is_reachable() -> bool:
    """Whether the broker answers a ping within half a second."""
    if not broker.is_configured:
        return False
    try:
        return bool(broker.queue.connection.ping())
    except RedisError:
        return False


def has_worker() -> bool:
    """Whether a worker that listens to our queue has been heard of; the broker forgets silent ones by itself."""
    if not broker.is_configured:
        return False
    try:
        return bool(Worker.all(queue=broker.queue))
    except RedisError:
        return False
