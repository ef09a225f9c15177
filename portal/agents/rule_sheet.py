"""The rules of commission terms as a CSV file: all of them in their order; read back, the file is all of them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from portal.agents.commission import Conditions, Rule, SaleKind
from portal.catalogue import offers, sheet
from portal.catalogue import queries as catalogue
from portal.catalogue.models import Term
from portal.catalogue.sheet import Fault
from portal.core import cells
from portal.core.errors import InvalidInput
from portal.core.money import BPS

COLUMNS = ("plan", "region", "term", "sale", "fee_bps", "share_bps")
"""Empty: any sale, or the rate that the terms say. Rates are basis points, hundredths of a per cent."""

MOST_RULES = 2_000

_WHOLE_NUMBER = re.compile(r"[0-9]{1,5}")


@dataclass(frozen=True, slots=True)
class RuleSheet:
    """The rules of a file in its order, and its faults; with a fault, none of it may be put in force."""

    rules: tuple[Rule, ...]
    faults: Sequence[Fault]


def write(rules: Sequence[Rule]) -> str:
    """Write rules in their order, each plan by its code."""
    codes = catalogue.codes_of({rule.conditions.plan_id for rule in rules if rule.conditions.plan_id})
    return sheet.write_rows(COLUMNS, [_row(rule, codes) for rule in rules])


def read(content: bytes, *, currency: str) -> RuleSheet:
    """Read an uploaded file; plans are those of the currency.

    Raises:
        InvalidInput: the file as a whole cannot be read, see `catalogue.sheet`.
    """
    listed = sheet.lines(sheet.decode(content))
    header = sheet.header_of(listed, COLUMNS)
    lines = []
    for count, (line, row) in enumerate(listed, start=1):
        if count > MOST_RULES:
            raise InvalidInput(field="file", reason="file_too_many_rows", most=MOST_RULES)
        lines.append((line, row))
    plans = _plans([dict(zip(header, row, strict=False)).get("plan", "") for _line, row in lines], currency)
    rules: dict[Conditions, tuple[int, Rule]] = {}
    faults: list[Fault] = []
    for line, row in lines:
        rule, wrong = _read_row(line, header, row, plans, currency)
        if rule is not None:
            first, _standing = rules.setdefault(rule.conditions, (line, rule))
            wrong = [Fault(line, None, "rule_taken_in_file", {"first": first})] if first != line else wrong
        faults += wrong
    return RuleSheet(tuple(rule for _line, rule in rules.values()), faults)


def _row(rule: Rule, codes: Mapping[UUID, str]) -> list[str]:
    asked = rule.conditions
    values = (codes[asked.plan_id] if asked.plan_id else None, asked.region, asked.term, asked.sale)
    rates = (rule.fee_bps, rule.share_bps)
    return [cells.harmless(str(value)) if value is not None else "" for value in (*values, *rates)]


def _plans(typed: Sequence[str], currency: str) -> dict[str, UUID]:
    found = catalogue.current_by_code({_code(cell) for cell in typed} - {""})
    return {code: plan.plan_id for code, plan in found.items() if plan.currency == currency}


def _code(cell: str) -> str:
    return cells.meant(cell.strip()).upper()


def _read_row(
    line: int, header: Sequence[str], row: Sequence[str], plans: Mapping[str, UUID], currency: str
) -> tuple[Rule | None, list[Fault]]:
    values, faults = sheet.read_cells(
        line, header, row, lambda column, cell: _read_cell(column, cell.strip(), plans, currency)
    )
    if faults:
        return None, faults
    conditions = Conditions(values["plan"], values["region"], values["term"], values["sale"])
    rule = Rule(conditions, fee_bps=values["fee_bps"], share_bps=values["share_bps"])
    if not conditions.weight:
        return None, [Fault(line, None, "rule_without_condition")]
    if rule.fee_bps is None and rule.share_bps is None:
        return None, [Fault(line, None, "rule_without_rate")]
    return rule, []


def _read_cell(column: str, cell: str, plans: Mapping[str, UUID], currency: str) -> Any:
    if not cell:
        return None
    match column:
        case "plan":
            if _code(cell) not in plans:
                raise InvalidInput(field=column, reason="rule_plan_unknown", currency=currency)
            return plans[_code(cell)]
        case "region":
            return offers.region(cell, field=column)
        case "term":
            return _one_of(Term, cell, column)
        case "sale":
            return _one_of(SaleKind, cell, column)
        case _:
            return _rate(cell, column)


def _one_of(kind: type[Term] | type[SaleKind], cell: str, column: str) -> Term | SaleKind:
    try:
        return kind(cell.lower())
    except ValueError as error:
        raise InvalidInput(field=column, reason="not_one_of", known=", ".join(kind)) from error


def _rate(cell: str, column: str) -> int:
    if not _WHOLE_NUMBER.fullmatch(cell):
        raise InvalidInput(field=column, reason="number_invalid")
    if int(cell) > BPS:
        raise InvalidInput(field=column, reason="rate_out_of_range")
    return int(cell)
