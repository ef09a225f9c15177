"""Write a transaction filter as plain JSON values, and read it back in the worker."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.renewals.states import RenewalState
from portal.renewals.transactions import TransactionFilter, TransactionKind


def write(wanted: TransactionFilter) -> dict[str, Any]:
    """Give a filter as JSON values; what it leaves open is left out."""
    return {name: _plain(value) for name, value in asdict(wanted).items() if value not in (None, "")}


def read(values: dict[str, Any]) -> TransactionFilter:
    """Give the filter back."""
    readers: dict[str, Callable[[Any], Any]] = {
        "since": datetime.fromisoformat,
        "until": datetime.fromisoformat,
        "agent_id": UUID,
        "state": RenewalState,
        "kind": TransactionKind,
    }
    return TransactionFilter(**{name: readers.get(name, _same)(value) for name, value in values.items()})


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if isinstance(value, UUID) else value


def _same(value: Any) -> Any:
    return value
