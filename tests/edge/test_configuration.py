"""A box takes a configuration from its city, and from nobody else; it tries it, and gives back what fails."""

import asyncio
import errno
import shutil
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest
from fleet_rig import BEGIN_NS, BOX, LINE_B, SECOND_NS, TRIAL_S, Rig, make_key, sensors_yaml

from edge import config_store
from edge.config_store import ConfigStore
from edge.configuration import STARTS_MAX
from edge.sim import virtual_time
from edge.trial import Trial, Verdict
from wire import alarm_message, config_folder, desired, signing, topics, whole_file
from wire.desired import TRIAL_MOST_S, Reported
from wire.errors import ConfigError, DesiredRefused
from wire.overlay import Lease
from wire.topics import PAYLOAD_MAX

pytestmark = pytest.mark.usefixtures("polls")
FASTER = sensors_yaml(b="{source: ticking, every: 200ms}")
SILENT = sensors_yaml(a="{source: ticking, answers: false}", b="{source: ticking, answers: false}")


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    """A box as it was installed."""
    return Rig(tmp_path)


def is_kept(counter: int) -> Callable[[Reported], bool]:
    """It runs, and is on trial no more."""
    return lambda said: said.counter == counter and not said.is_trial


def is_tried(counter: int) -> Callable[[Reported], bool]:
    """It runs, on trial."""
    return lambda said: said.counter == counter and said.is_trial


def is_refused(said: Reported) -> bool:
    """Something is."""
    return said.refusal is not None


def test_a_configuration_runs_and_is_kept(rig: Rig) -> None:
    """It runs at once, on trial; it is kept when the trial has passed, and is there after a restart."""

    async def story() -> None:
        document = rig.document(1, FASTER)
        async with rig.running():
            await rig.until(lambda said: said.counter == 0 and said.config_version == rig.own().version)
            rig.push(rig.signed(document))
            began = await rig.until(is_tried(1))
            assert rig.reported.config_version == document.version
            kept = await rig.until(is_kept(1))
            assert TRIAL_S <= kept - began < TRIAL_S + 2
        async with rig.running():
            await rig.until(is_kept(1))
            assert rig.reported.config_version == document.version

    virtual_time.run(story())


def test_a_line_that_stays_misses_no_poll(rig: Rig, polls: list[tuple[str, float]]) -> None:
    """While its neighbour is stopped, changed and started again, the line is polled every 100 ms as before."""

    async def story() -> None:
        async with rig.running():
            await asyncio.sleep(4)
            rig.push(rig.signed(rig.document(1, FASTER)))
            await rig.until(is_tried(1))
            await asyncio.sleep(4)

    virtual_time.run(story())
    mine = [at for line, at in polls if line == "a"]
    assert len(mine) > 80
    assert {round(later - earlier, 6) for earlier, later in pairwise(mine)} == {0.1}
    other = [at for line, at in polls if line == "b"]
    assert [round(later - earlier, 3) for earlier, later in pairwise(other[-3:])] == [0.2, 0.2]


def test_an_alarm_goes_on_over_a_change(rig: Rig) -> None:
    """A line whose board leans is started again with its rules' states: the alarm is not raised twice."""

    async def story() -> None:
        leans = sensors_yaml(b="{source: ticking, every: 500ms, tilt: 2}")
        async with rig.running():
            rig.push(rig.signed(rig.document(1, leans)))
            await rig.until(is_tried(1))
            await asyncio.sleep(5)
            rig.push(rig.signed(rig.document(2, leans.replace("500ms", "200ms"))))
            await rig.until(is_tried(2))
            await asyncio.sleep(5)

    virtual_time.run(story())
    said = [rig.broker.up.get_nowait() for _ in range(rig.broker.up.qsize())]
    events = [
        event for one in said if one.topic.endswith("/alarms") for event in alarm_message.decode(one.payload).events
    ]
    assert {(event.alarm, event.change, event.sequence) for event in events} == {("S1-T2/lean", "raised", 1)}


@pytest.mark.parametrize("own", ["", "      h: {source: health, every: 1s}\n"])
def test_what_kills_every_line_is_given_back(rig: Rig, polls: list[tuple[str, float]], own: str) -> None:
    """No sensor brings anything for as long as the trial, whatever its box says of itself: what was comes back."""

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(rig.document(1)))
            await rig.until(is_kept(1))
            rig.push(rig.signed(rig.document(2, SILENT.replace("    lines:\n", f"    lines:\n{own}"))))
            began = await rig.until(is_tried(2))
            back = await rig.until(is_kept(1))
            assert TRIAL_S <= back - began < TRIAL_S + 2
            refusal = rig.reported.refusal
            assert refusal is not None
            assert (refusal.counter, refusal.is_returned, refusal.errors[0].code) == (2, True, "E-FLEET-011")
            assert refusal.errors[0].what == "no line brought a measurement for 20 s."
            already = len(polls)
            await asyncio.sleep(1)
            assert len(polls) > already
            rig.push(rig.signed(rig.document(3)))
            await rig.until(is_tried(3))
            assert rig.reported.refusal is None

    virtual_time.run(story())


def test_a_box_that_is_cut_off_goes_back_by_itself(rig: Rig) -> None:
    """Without its broker for as long as the trial it returns to what ran before, and says so when it is back."""

    async def story() -> None:
        async with rig.running() as configuration:
            rig.push(rig.signed(rig.document(1, FASTER)))
            await rig.until(is_tried(1))
            rig.broker.stop()
            await asyncio.sleep(TRIAL_S + 5)
            assert configuration.inventory.version == rig.own().version
            rig.broker.start()
            await rig.until(lambda said: said.counter == 0 and is_refused(said))
            assert "the broker could not be reached" in str(rig.reported.refusal)

    virtual_time.run(story())


def intervals(polls: list[tuple[str, float]], line: str = "a") -> set[float]:
    """Between the last polls of a line, in seconds."""
    mine = [at for name, at in polls if name == line][-6:]
    return {round(later - earlier, 6) for earlier, later in pairwise(mine)}


def test_a_mode_ends_by_itself_also_without_a_network(rig: Rig, polls: list[tuple[str, float]]) -> None:
    """Sampling is five times as fast at once, also after a restart; when the lease ends the files alone count."""
    ends_ns = BEGIN_NS + 60 * SECOND_NS
    storm = rig.document(1, lease=Lease("typhoon", ("billboard",), 0.2, 0.5, ends_ns))

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(storm))
            await rig.until(is_tried(1))
            await asyncio.sleep(1)
            assert intervals(polls) == {0.02}
            assert rig.reported.config_version == storm.version
        async with rig.running() as configuration:
            await rig.until(is_kept(1))
            assert intervals(polls) == {0.02}
            rig.broker.stop()
            await asyncio.sleep(60 - asyncio.get_running_loop().time() - 1)
            assert intervals(polls) == {0.02}
            await asyncio.sleep(3)
            assert intervals(polls) == {0.1}
            assert configuration.inventory.version == rig.document(1).version

    virtual_time.run(story())


def test_a_mode_ends_when_the_clock_is_behind(rig: Rig, polls: list[tuple[str, float]]) -> None:
    """A wall clock that stands still cannot keep a box in its typhoon."""

    async def story() -> None:
        lease = Lease("typhoon", ("billboard",), 0.2, 0.5, BEGIN_NS + 30 * SECOND_NS)
        async with rig.running() as configuration:
            configuration._now = lambda: BEGIN_NS
            rig.push(rig.signed(rig.document(1, lease=lease)))
            await rig.until(is_tried(1))
            await asyncio.sleep(33)
            assert intervals(polls) == {0.1}

    virtual_time.run(story())


def test_a_short_outage_prolongs_a_trial() -> None:
    """What is not over when the trial would end is waited for; each fault must last as long as the trial."""
    trial = Trial(0.0, 100.0, has_sensors=True)
    assert trial.look(50.0, is_linked=True, heard_at=40.0) is Verdict.WAIT
    assert trial.look(120.0, is_linked=False, heard_at=119.0) is Verdict.WAIT
    assert trial.look(130.0, is_linked=True, heard_at=119.0) is Verdict.KEEP
    assert trial.look(231.0, is_linked=False, heard_at=230.0) is Verdict.CUT_OFF
    assert trial.look(231.0, is_linked=True, heard_at=130.0) is Verdict.SILENT
    assert Trial(0.0, 100.0, has_sensors=False).look(100.0, is_linked=True, heard_at=0.0) is Verdict.KEEP


BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "\n".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def with_end(rig: Rig, end_ns: str) -> str:
    """A document whose lease ends then."""
    lease = Lease("typhoon", ("billboard",), 0.2, 0.5, BEGIN_NS)
    text = desired.encode(rig.document(1, lease=lease)).decode()
    return text.replace(f'"ends_ns":{BEGIN_NS}', f'"ends_ns":{end_ns}')


REFUSED: dict[str, tuple[Callable[[Rig], bytes], str, str, str]] = {
    "truncated": (lambda rig: rig.signed(rig.document(1))[:-40], "E-FLEET-001", "desired", "truncated"),
    "no json": (lambda _: b'{"schema":"egret.desired/1","document":"\xed\xa0\x80"}', "E-FLEET-001", "desired", "utf-8"),
    "unsigned": (lambda rig: desired.encode(desired.signed_form(rig.document(1))), "E-FLEET-003", "desired", "trusts"),
    "changed": (
        lambda rig: rig.signed(rig.document(1)).replace(b"ticking", b"tickinG"),
        "E-FLEET-004",
        "desired",
        "changed, or never signed",
    ),
    "another box's": (lambda rig: rig.signed(rig.document(1, box="XM-TA-02")), "E-FLEET-005", "desired", "XM-TA-02"),
    "expired": (
        lambda rig: rig.signed(rig.document(1, expires_ns=BEGIN_NS - 60 * SECOND_NS)),
        "E-FLEET-010",
        "desired",
        "it expired 6",
    ),
    "10 MB": (
        lambda rig: rig.signed_text(desired.encode(rig.document(1, "#" * 10_000_000)).decode()),
        "E-FLEET-002",
        "desired",
        f"at most {PAYLOAD_MAX}",
    ),
    "alias bomb": (lambda rig: rig.signed(rig.document(1, BOMB)), "E-FILE-005", "sensors.yaml:1", "anchors"),
    "a path upwards": (
        lambda rig: rig.signed(rig.document(1, files={"sensors.yaml": "", "../../etc/cron.d/x": "* * * * *"})),
        "E-FLEET-007",
        "desired",
        "no file of a configuration",
    ),
    "no files": (lambda rig: rig.signed(rig.document(1, files={})), "E-FLEET-007", "desired", "no sensors.yaml"),
    "too long a trial": (
        lambda rig: rig.signed(rig.document(1, trial_s=2 * TRIAL_MOST_S)),
        "E-FLEET-001",
        "desired",
        "trial_s",
    ),
    "a lease beyond all time": (
        lambda rig: rig.signed_text(with_end(rig, "9" * 400)),
        "E-FLEET-001",
        "desired",
        "ends_ns",
    ),
    "a mistake": (
        lambda rig: rig.signed(rig.document(1, sensors_yaml(b="{source: tikking}"))),
        "E-KIND-001",
        "sensors.yaml:16",
        "tikking",
    ),
    "a mistake as long as the document": (
        lambda rig: rig.signed(rig.document(1, sensors_yaml(b=f"{{source: {'x' * 200_000}}}"))),
        "E-KIND-001",
        "sensors.yaml:16",
        "there is no source kind 'xxx",
    ),
    "without this box": (
        lambda rig: rig.signed(rig.document(1, sensors_yaml(box="XM-TA-02"))),
        "E-EDGE-001",
        "sensors.yaml",
        "there is no box",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED)
def test_what_is_refused(rig: Rig, case: tuple[Callable[[Rig], bytes], str, str, str]) -> None:
    """The city hears the reason and its place, the box goes on as before, and a good one is taken after it."""
    payload, code, where, words = case

    async def story() -> None:
        async with rig.running():
            rig.push(payload(rig))
            await rig.until(is_refused, 60)
            assert rig.reported.refusal is not None
            first = rig.reported.refusal.errors[0]
            assert (first.code, first.where) == (code, where)
            assert words in first.what
            assert len(rig.broker.retained[topics.topic(BOX, "reported")]) < PAYLOAD_MAX
            assert (rig.reported.counter, rig.reported.config_version) == (0, rig.own().version)
            rig.push(rig.signed(rig.document(2)))
            await rig.until(is_tried(2))

    virtual_time.run(story())


def test_an_older_one_never_comes_back(rig: Rig) -> None:
    """A document that was good yesterday is refused today, also after a restart; the same one again changes nothing."""

    async def story() -> None:
        old, new = (rig.signed(rig.document(counter, FASTER)) for counter in (1, 2))
        async with rig.running():
            rig.push(old)
            await rig.until(is_tried(1))
            rig.push(new)
            await rig.until(is_tried(2))
        async with rig.running():
            rig.push(old)
            await rig.until(is_refused)
            assert "it is number 1, and this box has had number 2" in str(rig.reported.refusal)
            before = rig.reported
            rig.push(new)
            await asyncio.sleep(1)
            assert (rig.reported.counter, rig.reported.refusal) == (2, before.refusal)

    virtual_time.run(story())


def test_the_signature_of_another_key(rig: Rig, tmp_path: Path) -> None:
    """Whoever may publish to the box's topic has not the city's key."""
    private, _ = make_key(tmp_path, "thief")
    thief, form = signing.load_signer(private), desired.signed_form(rig.document(1))
    with pytest.raises(DesiredRefused, match=r"this box trusts .*E-FLEET-003"):
        rig.signer.public.prove(thief.key, thief.sign(form.signed), form.signed)
    with pytest.raises(DesiredRefused, match="E-FLEET-004"):
        rig.signer.public.prove(rig.signer.key, thief.sign(form.signed), form.signed)


def test_a_box_that_dies_while_it_takes_one(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed before any write to its disk, it comes up on a whole configuration: the one before, or the new one."""

    class Killed(BaseException):
        """At this instant."""

    def dying_after(calls: int) -> Callable[[Path], None]:
        left = iter(range(calls))

        def sync(folder: Path) -> None:
            if next(left, None) is None:
                raise Killed
            whole(folder)

        return sync

    whole = whole_file.sync_folder
    document, seen = rig.document(2, FASTER), set()
    first = rig.document(1)
    store = ConfigStore(rig.folder / "data")
    store.keep(first, BEGIN_NS)
    store.save(config_store.State(seen=1, good=1))
    shutil.copytree(rig.folder / "data", rig.folder / "before")
    for calls in range(12):
        shutil.rmtree(rig.folder / "data")
        shutil.copytree(rig.folder / "before", rig.folder / "data")
        monkeypatch.setattr(whole_file, "sync_folder", dying_after(calls))
        try:
            store.keep(document, BEGIN_NS)
            store.save(config_store.State(seen=2, good=1, trial=2, trial_s=TRIAL_S))
        except Killed:
            pass
        monkeypatch.setattr(whole_file, "sync_folder", whole)
        seen.add(rig.configuration().inventory.version)
    assert seen == {first.version, document.version}


def test_a_box_that_starts_again_and_again_during_a_trial(rig: Rig) -> None:
    """A power cut is no reason to go back; a box that the configuration kills would start for ever, and goes back."""

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(rig.document(1, FASTER)))
            await rig.until(is_tried(1))
        for _ in range(STARTS_MAX - 1):
            assert rig.configuration().inventory.version == rig.document(1, FASTER).version
        async with rig.running():
            await rig.until(is_refused)
            assert rig.reported.counter == 0
            assert f"was started {STARTS_MAX} times during its trial" in str(rig.reported.refusal)

    virtual_time.run(story())


def test_a_disk_that_refuses(rig: Rig, monkeypatch: pytest.MonkeyPatch) -> None:
    """What cannot be kept is not begun with."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "/var/lib/egret/config")

    monkeypatch.setattr(config_folder, "write", full)

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(rig.document(1, FASTER)))
            await rig.until(is_refused)
            assert "the box cannot keep it: No space left on device." in str(rig.reported.refusal)
            assert rig.reported.counter == 0

    virtual_time.run(story())


def test_a_kept_file_that_is_damaged(rig: Rig) -> None:
    """A box whose kept files cannot be read runs what it was installed with; without that it cannot run."""
    store = ConfigStore(rig.folder / "data")
    store.keep(rig.document(1, FASTER), BEGIN_NS)
    store.save(config_store.State(seen=1, good=1))
    (rig.folder / "sensors.yaml").rename(rig.folder / "away.yaml")
    assert rig.configuration().inventory.version == rig.document(1, FASTER).version
    (store.place(1) / "sensors.yaml").write_bytes(b"\0" * 100)
    with pytest.raises(ConfigError, match="cannot read this file"):
        rig.configuration()
    (rig.folder / "away.yaml").rename(rig.folder / "sensors.yaml")
    assert rig.configuration().inventory.version == rig.own().version


def test_a_trial_is_over_when_its_files_are_damaged(rig: Rig) -> None:
    """The end of a mode finds that they cannot be read: what ran before runs, and is kept, not what was tried."""
    lease = Lease("typhoon", ("billboard",), 0.2, 0.5, BEGIN_NS + 60 * SECOND_NS)

    async def story() -> None:
        async with rig.running():
            rig.push(rig.signed(rig.document(1)))
            await rig.until(is_kept(1))
            rig.push(rig.signed(rig.document(2, FASTER, lease=lease, trial_s=300.0)))
            await rig.until(is_tried(2))
            (ConfigStore(rig.folder / "data").place(2) / "sensors.yaml").write_bytes(b"\0" * 100)
            await asyncio.sleep(600)
            assert rig.reported.config_version == rig.document(1).version
        assert ConfigStore(rig.folder / "data").state().good == 1

    virtual_time.run(story())


def test_a_trusted_key_that_cannot_be_read(rig: Rig) -> None:
    """Nothing can be proven without it: the document is refused, and the box goes on."""

    async def story() -> None:
        async with rig.running():
            await rig.until(lambda said: said.counter == 0)
            for path in rig.folder.glob("*.pub"):
                path.unlink()
            rig.push(rig.signed(rig.document(1, FASTER)))
            await rig.until(is_refused)
            assert rig.reported.counter == 0

    virtual_time.run(story())


def test_what_was_written_down_is_damaged(rig: Rig) -> None:
    """The newest document that is there counts, and none below it is taken again."""
    store = ConfigStore(rig.folder / "data")
    for counter in (1, 2):
        store.keep(rig.document(counter, FASTER), BEGIN_NS)
    (rig.folder / "data" / config_store.NAME / "state.json").write_bytes(b'{"digest":"\xed\xa0\x80"}')
    assert (store.state().seen, store.state().good) == (2, 2)


def test_the_line_of_a_configuration_is_checked_before_it_is_begun(rig: Rig) -> None:
    """What only the source itself finds is a refusal, too, and nothing was stopped for it."""

    async def story() -> None:
        async with rig.running():
            idle = LINE_B + "\n      c: {source: modbus_rtu, port: /dev/ttyS1}"
            rig.push(rig.signed(rig.document(1, sensors_yaml(b=idle))))
            await rig.until(is_refused)
            assert rig.reported.counter == 0
            assert rig.reported.refusal is not None
            assert rig.reported.refusal.errors[0].where == "sensors.yaml:17"

    virtual_time.run(story())
