"""What is asked of an installation, one function a requirement: what was found, and what would mend it.

For billboards the requirements follow the definition of a safety early-warning system in Xiamen's
ordinance on outdoor advertising: it senses structural stability, temperature and the like, and is
made of sensors, an IoT card and a management platform. Other kinds of sites are under no such
ordinance that we know of: what is asked of them is a judgement, and says so.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date, timedelta

from cloud.compliance.installation import BILLBOARD, NEEDED, Facts, Item, Text, Verdict, lapses, local, main_quantity
from cloud.compliance.presence import DAY_NS, INTERVAL_NS, Presence
from wire.inventory import Contact, Sensor
from wire.quantities import QUANTITIES

ONLINE_LEAST = (99, 100)
"""Of the intervals, at least this fraction: compared in whole numbers, so 99.00 % is exactly enough."""
CHECKED_DAYS = 365
UPLINK_NS = DAY_NS
ORDINANCE = (
    "《厦门经济特区户外广告设施设置管理办法》 (2024, in force 28 August 2024), the definition of the safety "
    "early-warning system as a vendor's notice reproduces it; not re-read in the ordinance's own text [M]"
)
_JUDGEMENT = "judgement"
_PHONE = re.compile(r"\+?[\d ()./-]{7,24}")


Requirement = Callable[[Facts], Item]


def commissioned(facts: Facts) -> Item:
    """Every sensor was taken into service, on a day that is written down."""
    missing = [s.id for s in facts.sensors if s.commissioned is None or s.commissioned > facts.today]
    done = len(facts.sensors) - len(missing)
    return _item(
        ("commissioned", "传感器已投用", "Sensors commissioned"),
        is_good=bool(facts.sensors) and not missing,
        found=_counted(
            done, len(facts.sensors), "个传感器已登记投用日期", "sensors have a day of commissioning", missing
        ),
        fix=Text(
            "现场投用后在 sensors.yaml 填写 commissioned 日期",
            "commission them and write the day into sensors.yaml: commissioned: 2026-03-14",
        ),
        source=_source(facts, "; that the day is written down is a judgement"),
    )


def calibrated(facts: Facts) -> Item:
    """Every sensor was calibrated, and the calibration still holds."""
    good = [sensor for sensor in facts.sensors if _is_in_date(sensor, facts)]
    bad = [f"{sensor.id} {_validity(sensor)}" for sensor in facts.sensors if sensor not in good]
    return _item(
        ("calibrated", "校准在有效期内", "Calibration in date"),
        is_good=bool(facts.sensors) and not bad,
        found=_counted(len(good), len(facts.sensors), "个传感器校准有效", "sensors are in date", bad),
        fix=Text(
            "重新校准并在 sensors.yaml 填写 calibrated 日期",
            "calibrate them again and write the day into sensors.yaml: calibrated: 2026-03-14",
        ),
        source=f"{_JUDGEMENT}: the validity stands in sensors.yaml, a year unless it says otherwise",
        until=min((until for sensor in good if (until := lapses(sensor))), default=None),
    )


def measured(facts: Facts) -> Item:
    """What the kind of site is about is measured, and has arrived within the last 24 h."""
    groups = NEEDED.get(facts.site.kind, ())
    is_good = all(any(_is_recent(_newest(facts.presence, name), facts) for name in group) for group in groups)
    told = [_arrival(group, facts) for group in groups]
    nothing = Text("对此类设施没有规定", "nothing is laid down for this kind of site")
    return _item(
        ("measured", "倾角与温度有监测", "Tilt and temperature measured")
        if facts.site.kind == BILLBOARD
        else ("measured", "主要监测量有数据", "Main quantity measured"),
        is_good=is_good if groups else None,
        found=Text("。".join(text.zh for text in told), "; ".join(text.en for text in told)) if groups else nothing,
        fix=Text("检查传感器、线路与边缘箱", "look at the sensor, its line and its box: egret edge status"),
        source=_source(facts),
    )


def online(facts: Facts) -> Item:
    """Each sensor was there in at least 99 % of the 10-minute intervals of 30 days, or since it was commissioned."""
    own = {(one.sensor, one.quantity): one for one in facts.presence}
    counted = [own.get((sensor.id, main_quantity(facts.site.kind, sensor))) for sensor in facts.sensors]
    least, of = ONLINE_LEAST
    good = [one for one in counted if one and one.intervals and one.present * of >= one.intervals * least]
    told = [_share(one) for one in counted if one]
    return _item(
        ("online", "在线率 ≥ 99%", "Online ≥ 99 %"),
        is_good=bool(counted) and len(good) == len(counted),
        found=Text("。".join(text.zh for text in told) or "无", "; ".join(text.en for text in told) or "nothing"),
        fix=Text(
            "查明断线时段及原因，补传的数据到达后自动计入",
            "find what it was missing for; data that a cut link held back count when they arrive",
        ),
        source=f"{_JUDGEMENT}: the share and the 30 days are the platform's own requirement",
    )


def contact(facts: Facts) -> Item:
    """Somebody can be called, and somebody did call them within a year."""
    known = facts.site.contact
    checked = known.checked if known else None
    until = checked + timedelta(days=CHECKED_DAYS) if checked else None
    is_fresh = bool(checked and until and checked <= facts.today <= until)
    return _item(
        ("contact", "联系人有效", "Contact valid"),
        is_good=bool(known and known.name and is_phone(known.phone) and is_fresh),
        found=_reached(known),
        fix=Text(
            "致电核实联系人，并在 sensors.yaml 填写 contact 的电话与 checked 日期",
            "call them, and write contact: {name, phone, checked} of the site into sensors.yaml",
        ),
        source=f"{_JUDGEMENT}: a telephone number of 7 to 15 digits, checked within {CHECKED_DAYS} days",
        until=until,
    )


def uplink(facts: Facts) -> Item:
    """Every box that reads a sensor of the site is connected, or was within the last 24 h."""
    names = sorted({sensor.box for sensor in facts.sensors})
    known = [facts.boxes.get(name) for name in names]
    gone = [
        name
        for name, box in zip(names, known, strict=True)
        if box is None or not (box.online or box.time_ns > facts.now_ns - UPLINK_NS)
    ]
    return _item(
        ("uplink", "物联网上行链路", "IoT uplink present"),
        is_good=bool(names) and not gone,
        found=_counted(
            len(names) - len(gone), len(names), "个边缘箱 24 小时内连接过平台", "boxes connected within 24 h", gone
        ),
        fix=Text("检查物联网卡、天线与供电", "look at the box's SIM card, antenna and supply: egret cloud status"),
        source=_source(facts),
    )


REQUIREMENTS: Sequence[Requirement] = (commissioned, calibrated, measured, online, contact, uplink)


def is_phone(text: str) -> bool:
    """Could one dial it? 7 to 15 digits (15 is the most that E.164 allows), with the usual signs between."""
    return bool(_PHONE.fullmatch(text)) and 7 <= sum(sign.isdigit() for sign in text) <= 15


def _item(
    title: tuple[str, str, str], *, is_good: bool | None, found: Text, fix: Text, source: str, until: date | None = None
) -> Item:
    """`title` is the id and its words; `is_good` None when the requirement does not apply."""
    name, zh, en = title
    verdict = {True: Verdict.PASSED, False: Verdict.FAILED, None: Verdict.NOT_APPLICABLE}[is_good]
    mending = fix if verdict is Verdict.FAILED else None
    return Item(name, Text(zh, en), verdict, found, mending, source, until if verdict is Verdict.PASSED else None)


def _source(facts: Facts, more: str = "") -> str:
    return ORDINANCE + more if facts.site.kind == BILLBOARD else f"{_JUDGEMENT}: as asked of billboards"


def _counted(good: int, of: int, zh: str, en: str, rest: Sequence[str]) -> Text:
    """`rest` names those that are not among the good."""
    but_zh, but_en = (f"。不符：{'、'.join(rest)}", f"; not: {', '.join(rest)}") if rest else ("", "")
    return Text(f"{good}/{of} {zh}{but_zh}", f"{good} of {of} {en}{but_en}")


def _is_in_date(sensor: Sensor, facts: Facts) -> bool:
    until = lapses(sensor)
    return bool(until and sensor.calibrated and sensor.calibrated <= facts.today <= until)


def _validity(sensor: Sensor) -> str:
    """In figures, for readers of either language."""
    return f"({sensor.calibrated} – {lapses(sensor)})" if sensor.calibrated else "(—)"


def _newest(presence: Sequence[Presence], quantity: str) -> int | None:
    times = [one.newest_ns for one in presence if one.quantity == quantity and one.newest_ns is not None]
    return max(times, default=None)


def _is_recent(newest_ns: int | None, facts: Facts) -> bool:
    """`newest_ns` is the start of an interval: the value may be that much younger."""
    return newest_ns is not None and newest_ns + INTERVAL_NS > facts.now_ns - DAY_NS


def _arrival(group: Sequence[str], facts: Facts) -> Text:
    """Of the quantities of a group, the one that came last."""
    found = {name: at for name in group if (at := _newest(facts.presence, name)) is not None}
    name = max(found, key=found.__getitem__, default=group[0])
    words = QUANTITIES[name]
    if name not in found:
        return Text(f"{words.zh}：30 天内无数据", f"{words.en}: nothing within 30 days")
    minute = f"{local(found[name]):%Y-%m-%d %H:%M}"
    return Text(f"{words.zh}：最近数据 {minute} 起 10 分钟内", f"{words.en}: newest within 10 min from {minute}")


def _share(one: Presence) -> Text:
    """Numerator and denominator; two decimals cut off, not rounded, so that 98.999 % does not read as 99.00 %."""
    first, last = (f"{local(at):%Y-%m-%d %H:%M}" for at in (one.start_ns, one.end_ns))
    if not one.intervals:
        return Text(f"{one.sensor}：投用后尚无完整时段", f"{one.sensor}: no whole interval since it was commissioned")
    hundredths = 10_000 * one.present // one.intervals
    figures = f"{one.sensor}: {hundredths // 100}.{hundredths % 100:02d} % ({one.present}/{one.intervals}"
    return Text(
        f"{figures} 个 10 分钟时段，{first} 至 {last})",
        f"{figures} intervals of 10 min with a value, {first} to {last})",
    )


def _reached(known: Contact | None) -> Text:
    if known is None:
        return Text("未登记联系人", "no contact is written down")
    phone = known.phone or "—"
    day = known.checked or "—"
    return Text(f"{known.name}，{phone}，核实于 {day}", f"{known.name}, {phone}, checked {day}")
