"""That the big ledger is one the product could have written: its sums are those of its rows."""

from collections import Counter

from sqlalchemy import Connection, func, select

from cloud.cases.tally import FIGURES, Cell, added
from cloud.schema.alarms import alarm_days, alarm_events, alarm_tallies
from cloud.schema.cases import case_tallies, cases
from cloud.tables.cases import page

_PAGE = 1_000
_COUNTING = (alarm_tallies, alarm_days)


def contradictions(connection: Connection) -> list[str]:
    """Which sums differ from what they sum up."""
    found = []
    if _kept(connection) != _summed(connection):
        found.append("case_tallies are not the sums of the cases")
    raised = connection.execute(select(func.count()).where(alarm_events.c.change == "raised")).scalar_one()
    counted = {table.name: connection.execute(select(func.sum(table.c.raised))).scalar_one() for table in _COUNTING}
    found += [f"{name} do not count the alarms raised" for name, number in counted.items() if number != raised]
    dangling = select(func.count()).where(alarm_events.c.case != "", alarm_events.c.case.not_in(select(cases.c.number)))
    if connection.execute(dangling).scalar_one():
        found.append("alarm_events name cases that are not there")
    return found


def _kept(connection: Connection) -> Counter[Cell]:
    sums: Counter[Cell] = Counter()
    for row in connection.execute(select(case_tallies)).mappings():
        key = [row[name] for name in Cell._fields[:-1]]
        sums.update({Cell(*key, figure): row[figure] for figure in FIGURES if row[figure]})
    return sums


def _summed(connection: Connection) -> Counter[Cell]:
    sums: Counter[Cell] = Counter()
    before = ""
    while found := page(connection, [], limit=_PAGE, before=before):
        before = found[-1].number
        for case in found:
            sums.update(added(case))
    return sums
