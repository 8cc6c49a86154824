"""What is handed over: a signed record, a page drawn from it alone, a label, a bundle."""

import errno
import hashlib
import io
import json
import re
import zipfile
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from commissioned import KNOWN, RECORD, ROLL, ZERO
from PIL import ExifTags, Image

from edge.commands import site_report
from edge.field import bundle, label, printing, reporting, signed_report
from edge.field.record import Cabinet
from edge.field.signed_report import prove
from edge.field.words import Words
from wire.errors import CheckFailed, ConfigError, EgretError, Unsafe
from wire.signing import load_or_make_signer

NAMELESS = msgspec.structs.replace(ZERO, person="")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A commissioning that is done, with a photo of 1800 pixels whose camera knew where it was."""
    exif = Image.Exif()
    exif.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (24.0, 43.0, 37.92), 3: "E", 4: (118.0, 8.0, 31.92)})
    exif[ExifTags.Base.Make] = "SECRETPHONE"
    Image.new("RGB", (1800, 1200), "#334455").save(tmp_path / "IMG_0042.jpg", exif=exif)
    found = tmp_path / "XM-TA-0901-T1"
    photo = reporting.take_photo(found, tmp_path / "IMG_0042.jpg")
    Cabinet(found).save(msgspec.structs.replace(RECORD, photo=photo, undo=("egret bus set-address --unit 81 80",)))
    return found


def run(command: object, *words: object) -> Result:
    """As `egret site …` runs it."""
    return CliRunner().invoke(command, [str(word) for word in words])  # type: ignore[arg-type]


def report(folder: Path, *words: str) -> Result:
    """With a key of its own."""
    return run(site_report.report, folder, "--key", folder.parent / "key.pem", *words)


class Texts(HTMLParser):
    """What a reader sees, and whatever a page would fetch."""

    def __init__(self) -> None:
        """Nothing is read."""
        super().__init__()
        self.seen: list[str] = []
        self.fetched: list[str] = []

    def handle_data(self, data: str) -> None:
        """Between tags."""
        self.seen.append(data)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Anything with an address but what is in the page."""
        self.fetched += [
            f"{tag} {value[:60]}"
            for name, value in attrs
            if name in ("src", "href", "xlink:href") and value and not value.startswith("data:")
        ]


def test_a_photo_is_made_small_and_says_where_it_was_taken(folder: Path) -> None:
    """1600 pixels at most; the camera's name is gone, the place is kept in the record."""
    photo = reporting.record_of(folder).photo
    assert photo
    assert (photo.width, photo.height) == (1600, 1067)
    assert photo.at == pytest.approx((24.7272, 118.1422))
    kept = (folder / "photo.jpg").read_bytes()
    assert b"SECRETPHONE" not in kept
    assert hashlib.sha256(kept).hexdigest() == photo.sha256


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_page_has_everything_in_it_and_fetches_nothing(folder: Path, lang: str) -> None:
    """Zero, known tilt, self-test, figures, photo, code, undo record, key; below a megabyte."""
    assert report(folder, "--lang", lang).exit_code == 0
    page = (folder / "report.html").read_text(encoding="utf-8")
    read = Texts()
    read.feed(page)
    seen = " ".join(read.seen)
    assert read.fetched == []
    assert "url(" not in page
    assert len(page) < 1_000_000
    words = Words(lang)
    for said in (
        "环城西路北段立柱广告牌",
        "某广告公司",
        "24.727200, 118.142200",
        "+0.4200 °",
        "9.820 °",
        "--unit 81 80",
    ):
        assert said in seen
    for key in (
        "report.title",
        "report.zero",
        "report.known_tilt",
        "report.selftest",
        "verdict.passed",
        "check.link_cut",
    ):
        assert words(key) in seen
    assert words("verdict.passed") + words("test.left_out", names=words("check.clock")) in seen, (
        "what was not tried is no success"
    )
    assert len(re.findall("<svg class=.figure.", page)) == 4


def test_a_page_says_what_failed_before_anything_else(folder: Path) -> None:
    """The verdict of the self-test stands in the head; without one the report says that there was none.

    Nor does it leave a comma for who took the zero, where nobody gave a name.
    """
    without = msgspec.structs.replace(reporting.record_of(folder), selftest=None, zero=NAMELESS)
    Cabinet(folder).save(without)
    report(folder, "--lang", "zh")
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert '<span class="verdict skipped">未自检</span>' in page
    assert ", <" not in page


def test_text_of_people_is_text(folder: Path) -> None:
    """A site's name is no HTML, and no SVG on the label."""
    plan = msgspec.structs.replace(RECORD.plan, name="<script>alert(1)</script>")
    Cabinet(folder).save(msgspec.structs.replace(RECORD, plan=plan))
    report(folder)
    assert "<script" not in (folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in (folder / "label.svg").read_text(encoding="utf-8")


def test_a_word_that_was_changed_is_found_out(folder: Path) -> None:
    """Of the record, and of the photo; the page is not drawn from it."""
    report(folder)
    path = folder / "report.json"
    signed = path.read_text(encoding="utf-8")
    path.write_text(signed.replace("0.42", "0.12"), encoding="utf-8")
    shown = report(folder)
    assert isinstance(shown.exception, CheckFailed)
    assert "E-FIELD-041" in str(shown.exception)
    path.write_text(signed, encoding="utf-8")
    (folder / "photo.jpg").write_bytes(b"another one")
    assert "the photo photo.jpg is another one" in str(report(folder).exception)


def test_a_key_that_was_not_named_is_not_trusted(folder: Path) -> None:
    """Whoever changes a record can sign it himself: who must be sure names the keys."""
    report(folder)
    path = folder / "report.json"
    own = load_or_make_signer(folder.parent / "key.pem").public
    other = load_or_make_signer(folder.parent / "other.pem").public
    assert prove(path, own).is_trusted
    assert not prove(path, None).is_trusted
    with pytest.raises(CheckFailed, match="none of those that are trusted"):
        prove(path, other)


def test_the_key_is_made_once_and_for_its_owner_alone(folder: Path) -> None:
    """A second report has the same key."""
    first = json.loads(report(folder, "--json").stdout)["key"]
    assert json.loads(report(folder, "--sign", "--json").stdout)["key"] == first
    assert (folder.parent / "key.pem").stat().st_mode & 0o077 == 0


def test_what_was_done_after_signing_is_said(folder: Path) -> None:
    """The old report stays what it was until somebody signs anew."""
    report(folder)
    Cabinet(folder).save(msgspec.structs.replace(reporting.record_of(folder), zero=None))
    assert "the record has changed since it was signed" in report(folder, "--lang", "en").stderr
    assert prove(folder / "report.json", None).record.zero
    assert "has changed" not in report(folder, "--sign", "--lang", "en").stderr


def test_what_is_no_report_or_no_folder_is_said(tmp_path: Path) -> None:
    """An empty folder has no commissioning; a file that is none is named."""
    assert isinstance(report(tmp_path).exception, Unsafe)
    (tmp_path / "report.json").write_text("{}", encoding="utf-8")
    assert isinstance(report(tmp_path).exception, ConfigError)
    with pytest.raises(ConfigError, match="the photo cannot be read"):
        reporting.take_photo(tmp_path, tmp_path / "none.jpg")


def test_without_a_browser_there_is_no_pdf(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page is there all the same, and any browser prints it."""
    monkeypatch.setattr(printing, "BROWSERS", ("egret-no-such-browser",))
    shown = report(folder, "--pdf")
    assert "E-FIELD-043" in str(shown.exception)
    assert (folder / "report.html").exists()


def test_the_label_opens_the_site_on_the_board(folder: Path, tmp_path: Path) -> None:
    """As SVG with name and id, as PNG, on the terminal; without a board the code is the sensor's id."""
    shown = run(site_report.label, folder, "--svg", tmp_path / "l.svg", "--png", tmp_path / "l.png")
    assert shown.stdout == "https://board.example/#/sites/XM-TA-0901\n"
    assert "XM-TA-0901-T1" in (tmp_path / "l.svg").read_text(encoding="utf-8")
    assert Image.open(io.BytesIO((tmp_path / "l.png").read_bytes())).size[0] > 300
    assert "▀" in run(site_report.label, folder).stdout
    assert label.svg_code(RECORD.plan.link).startswith("<svg")
    assert msgspec.structs.replace(RECORD.plan, board="").link == "egret:XM-TA-0901-T1"


def test_a_bundle_holds_all_of_it_with_its_hashes(folder: Path, tmp_path: Path) -> None:
    """Refused before there is a signed report; a stranger's file in the folder stays there."""
    target = tmp_path / "x.zip"
    assert "E-FIELD-044" in str(run(site_report.export, folder, "--to", target).exception)
    report(folder)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    (tmp_path / "sensors.yaml").write_text("schema: egret.sensors/1\n", encoding="utf-8")
    run(site_report.export, folder, "--to", target, "--inventory", tmp_path / "sensors.yaml")
    bundle = zipfile.ZipFile(target)
    names = {name.removeprefix("XM-TA-0901-T1/") for name in bundle.namelist()}
    kept = {"record.json", "report.json", "report.html", "label.svg", "photo.jpg", "sensors.yaml"}
    assert names == kept | {"SHA256SUMS"}
    for line in bundle.read("XM-TA-0901-T1/SHA256SUMS").decode().splitlines():
        digest, name = line.split("  ")
        assert hashlib.sha256(bundle.read(f"XM-TA-0901-T1/{name}")).hexdigest() == digest
    assert signed_report.NAME in names


def test_units_and_points_are_text(folder: Path) -> None:
    """Whoever signs a record of their own puts nothing into the page but text: also into its figures."""
    spread = msgspec.structs.replace(ROLL, unit='<i>"')
    zero = msgspec.structs.replace(ZERO, points={'<b>"onload=': spread})
    known = msgspec.structs.replace(KNOWN, unit="<i>")
    record = msgspec.structs.replace(reporting.record_of(folder), zero=zero, known_tilt=known)
    Cabinet(folder).save(record)
    assert report(folder).exit_code == 0
    page = (folder / reporting.PAGE).read_text(encoding="utf-8")
    assert "<i>" not in page
    assert "<b>&quot;" not in page.replace("&lt;b&gt;", "")
    assert 'aria-label="&lt;b&gt;&quot;onload="' in page


def test_a_full_disk_is_a_message(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And no half of a bundle stays."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert report(folder).exit_code == 0
    for module in (reporting, bundle):
        monkeypatch.setattr(module, "write_whole", full)
    to = folder.parent / "all.zip"
    for result in (report(folder), run(site_report.export, folder, "--to", to)):
        assert isinstance(result.exception, EgretError)
        assert result.exception.code == "E-FIELD-029"
        assert "No space left" in result.exception.what
    assert not to.exists()


def test_a_record_leads_to_no_other_file(folder: Path) -> None:
    """A folder that came from somebody else: its photo is in it, or it is no record, and nothing is packed."""
    record = reporting.record_of(folder)
    assert record.photo
    (folder.parent / "secret").write_bytes(b"secret")
    Cabinet(folder).save(msgspec.structs.replace(record, photo=msgspec.structs.replace(record.photo, file="../secret")))
    for result in (report(folder), run(site_report.export, folder, "--to", folder.parent / "all.zip")):
        assert isinstance(result.exception, ConfigError)
        assert "this is no record of a commissioning" in str(result.exception)
    assert not (folder.parent / "all.zip").exists()


def test_a_moment_that_cannot_be_is_shown_as_it_was_signed(tmp_path: Path) -> None:
    """Whoever signs a record may have written anything into it: a day before the calendar, or a word."""
    zero = msgspec.structs.replace(ZERO, time="0001-01-01T00:00:00+14:00")
    record = msgspec.structs.replace(RECORD, begun="yesterday", zero=zero)
    reporting.sign(tmp_path, record, tmp_path / "key.pem")
    _, page = reporting.draw(tmp_path, Words("en"), None)
    assert "0001-01-01T00:00:00+14:00" in page.read_text(encoding="utf-8")
