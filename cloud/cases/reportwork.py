"""What a report of another system, or of a person, leads to: a case that is reported, or a line in one that is open.

The same report again changes nothing. A report never closes a case: what the other system says of the
stage is kept beside ours, and where the two disagree that is shown.
"""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from cloud.cases.case_act import Name, Text
from cloud.cases.case_flow import Case, LogLine, Stage, logged
from cloud.cases.case_opening import filed, routed
from cloud.cases.elsewhere import Ref
from cloud.cases.work import Work
from cloud.city.case_codes import NoSuchCode
from cloud.reporting import report_text
from cloud.reporting.reports import Report, State
from wire.alarm import Level, worst
from wire.errors import BadAct
from wire.located import nearest

_OTHER = "other"


class Filing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a person files. `code` is a row of the table, by its id or as "event 0593". A place is WGS-84 degrees."""

    title: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    level: Level
    code: Name = _OTHER
    text: Text = ""
    site: Name = ""
    district: Name = ""
    street: Name = ""
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)] | None = None
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)] | None = None


def take(work: Work, system: str, report: Report) -> Case:
    """The case of a report of `system`, as it is then."""
    known = work.ref(system, report.key)
    if known is None:
        case = _reported(work, report, source=system)
        work.docket.open(case, [])
        _remember(work, system, report, case)
        return case
    case = work.case(known.case)
    if not _says_more(report, known, case):
        return case
    if case.is_open:
        line = LogLine(work.now_ns, system, case.stage, _words(report), str(report.state))
        case = logged(case, line, level=worst([case.level, report.level]))
        work.docket.change(case)
    _remember(work, system, report, case, known)
    return work.case(case.number)


def file(work: Work, asked: Filing, actor: str) -> Case:
    """A case that a person files: filed and routed at once.

    Raises NoSuchCode, and BadAct for a title of nothing and a place that is none of ours.
    """
    title = report_text.line(asked.title)
    if not title:
        raise BadAct("the title is empty.", fix="say in one line what was seen.", code="E-CASE-026")
    report = Report(
        key="",
        state=State.RAISED,
        time_ns=work.now_ns,
        level=asked.level,
        title=title,
        text=report_text.paragraph(asked.text),
        code=asked.code,
        site=asked.site,
        district=report_text.line(asked.district),
        street=report_text.line(asked.street),
        longitude=asked.longitude,
        latitude=asked.latitude,
        reporter=actor,
    )
    code_of(work, asked.code)
    _require_place(work, report)
    reported = _reported(work, report, source="person")
    case = routed(filed(reported, actor, "", work.practice, work.now_ns), work.practice, work.now_ns)
    work.docket.open(case, [])
    return case


def code_of(work: Work, word: str) -> tuple[str, str]:
    """Class and digits of a code given as `event 0593` or as the id of its row. Raises NoSuchCode."""
    code_class, _, digits = word.partition(" ")
    codes = work.practice.rules.codes
    row = codes.code(code_class, digits) if digits else codes.by_id(word or _OTHER)
    return row.code_class, row.code


def district_of(said: str, districts: Mapping[str, str]) -> str:
    """The id of a district that is called by its id or its name, with or without 区; empty for none of ours."""
    if said in districts:
        return said
    return next((key for key, name in districts.items() if said and _bare(said) == _bare(name)), "")


def _bare(name: str) -> str:
    return name.removesuffix("区")


def _require_place(work: Work, report: Report) -> None:
    """A person who mistypes can look again. Raises BadAct."""
    inventory = work.practice.inventory
    if report.site and report.site not in inventory.sites:
        fix = f"{nearest(report.site, inventory.sites)}."
        raise BadAct(f"there is no site {report.site!r}.", fix=fix, code="E-CASE-027")
    if report.district and not district_of(report.district, inventory.districts):
        fix = f"{nearest(report.district, inventory.districts)}."
        raise BadAct(f"there is no district {report.district!r}.", fix=fix, code="E-CASE-027")


def _reported(work: Work, report: Report, *, source: str) -> Case:
    """上报; place and district are those of the site, when it is one of ours."""
    site = work.practice.inventory.sites.get(report.site)
    district = site.district if site else district_of(report.district, work.practice.inventory.districts)
    unknown = f" · site {report.site}?" if report.site and not site else ""
    unknown += f" · district {report.district}?" if report.district and not district else ""
    try:
        code_class, code = code_of(work, report.code)
    except NoSuchCode:
        code_class, code = code_of(work, _OTHER)
        unknown += f" · code {report.code}?"
    effects = work.practice.effects(district)
    return Case(
        number=work.docket.next_number(),
        code_class=code_class,
        code=code,
        level=report.level,
        title=report.title,
        title_en=report.title,
        source=source,
        site=site.id if site else "",
        district=district,
        street=site.street if site else report.street,
        longitude=site.longitude if site else report.longitude,
        latitude=site.latitude if site else report.latitude,
        mode=effects.mode,
        is_drill=effects.is_drill,
        opened_ns=work.now_ns,
        stage_ns=work.now_ns,
        log=(LogLine(work.now_ns, report.reporter or source, Stage.REPORTED, f"{_words(report)}{unknown}", "report"),),
    )


def _says_more(report: Report, known: Ref, case: Case) -> bool:
    """Is it different from what was taken, or worse? An old report that comes late says nothing new."""
    state = (report.external_number or known.number, report.external_state or known.state)
    is_returned = report.state is State.RESOLVED
    is_worse = case.is_open and report.level.severity > case.level.severity
    is_different = (*state, is_returned) != (known.number, known.state, known.is_returned)
    return report.time_ns >= known.time_ns and (is_different or is_worse)


def _their_stage(report: Report, known: Ref | None) -> str:
    """A report that says nothing of its stage leaves what was said before."""
    if report.external_state or known is None:
        return report.stage.value if report.stage else ""
    return known.stage


def _remember(work: Work, system: str, report: Report, case: Case, known: Ref | None = None) -> None:
    work.remember(
        Ref(
            system=system,
            key=report.key,
            case=case.number,
            number=report.external_number or (known.number if known else ""),
            state=report.external_state or (known.state if known else ""),
            time_ns=report.time_ns,
            is_returned=report.state is State.RESOLVED,
            stage=_their_stage(report, known),
        ),
    )


def _words(report: Report) -> str:
    said = [report.state.value, report.external_number, report.external_state, report.address, report.text, report.url]
    return " · ".join(part for part in said if part)[:2_000]
