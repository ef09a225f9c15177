"""Structured logs: one JSON line an event in production, readable lines elsewhere; never personal data."""

import logging
import sys

import structlog
from structlog.types import Processor

_SHARED: tuple[Processor, ...] = (
    structlog.contextvars.merge_contextvars,
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.stdlib.ExtraAdder(),
    structlog.processors.TimeStamper(fmt="iso", utc=True),
)


def configure(*, is_production: bool) -> None:
    """Send everything that is logged, by us or by a library, to standard error in one shape."""
    shape: list[Processor] = (
        [structlog.processors.dict_tracebacks, structlog.processors.JSONRenderer(ensure_ascii=False)]
        if is_production
        else [structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())]
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_SHARED,
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *shape],
    )
    # `force` in spirit: create_app may run several times in one process, and must not log twice.
    root = logging.getLogger()
    for handler in [handler for handler in root.handlers if handler.get_name() == "portal"]:
        root.removeHandler(handler)
    handler = logging.StreamHandler()
    handler.set_name("portal")
    handler.setFormatter(formatter)
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    logging.getLogger("weasyprint.progress").setLevel(logging.WARNING)  # seven lines for every receipt
    logging.getLogger("httpx").setLevel(logging.WARNING)  # it writes whole addresses, card numbers included
    structlog.configure(
        processors=[*_SHARED, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=True,
    )
