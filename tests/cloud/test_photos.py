"""Photos as people and attackers send them: cleaned and kept, or refused with what to do."""

import asyncio
import hashlib
import io
import random
import stat
import struct
import zlib
from pathlib import Path

import pytest
from PIL import ExifTags, Image, PngImagePlugin

from cloud import photos
from cloud.photos import NoSuchPhoto, PhotoFolder
from wire.errors import Unavailable
from wire.picture import PhotoRefused, inspect

XIAMEN = {1: "N", 2: (24.0, 43.0, 37.92), 3: "E", 4: (118.0, 8.0, 31.92), 5: b"\x00", 6: 35.0}
"""24.7272° N, 118.1422° E, 35 m above the sea."""
HASH = "ab" * 32


def phone_exif(orientation: int = 1) -> Image.Exif:
    """What a phone in Xiamen writes at 08:15 Chinese time."""
    written = Image.Exif()
    written[ExifTags.Base.Orientation] = orientation
    written[ExifTags.Base.Make] = "SECRETPHONE"
    written.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = "2026:11:24 08:15:00"
    written.get_ifd(ExifTags.IFD.GPSInfo).update(XIAMEN)
    return written


def street(width: int = 640, height: int = 480, mode: str = "RGB") -> Image.Image:
    """A picture: its upper half red, its lower half blue."""
    image = Image.new("RGB", (width, height), "red")
    image.paste("blue", (0, height // 2, width, height))
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """As a file."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def decoded(kept: bytes) -> Image.Image:
    """A kept picture."""
    return Image.open(io.BytesIO(kept))


def png(width: int, height: int, pixels: bytes = b"", colour: int = 0) -> bytes:
    """A PNG of one byte a pixel that says it has this size, whatever its pixels are."""
    chunks = (b"IHDR" + struct.pack(">2L5B", width, height, 8, colour, 0, 0, 0), b"IDAT" + pixels, b"IEND")
    body = b"".join(struct.pack(">L", len(one) - 4) + one + struct.pack(">L", zlib.crc32(one)) for one in chunks)
    return b"\x89PNG\r\n\x1a\n" + body


def refused(data: bytes) -> PhotoRefused:
    """How it is refused."""
    with pytest.raises(PhotoRefused) as caught:
        inspect(data)
    assert caught.value.fix
    return caught.value


def is_close(pixel: object, colour: tuple[int, int, int]) -> bool:
    """Within what JPEG changes."""
    assert isinstance(pixel, tuple)
    return all(abs(one - other) <= 8 for one, other in zip(pixel, colour, strict=True))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_facts_are_read_and_metadata_is_gone(kind: str) -> None:
    """Time and place of a photo in Xiamen are told; no byte of EXIF, XMP, ICC or the maker's name is kept."""
    sent = encoded(
        street(), kind, exif=phone_exif(), icc_profile=b"ICCSECRET" * 20, xmp=b"<x:xmpmeta>SECRET</x:xmpmeta>"
    )
    assert b"SECRETPHONE" in sent
    photo, kept = inspect(sent)
    assert (photo.width, photo.height, photo.media_type) == (640, 480, "image/jpeg")
    assert photo.taken_ns == 1_795_479_300 * 10**9
    assert photo.latitude == pytest.approx(24.7272, abs=1e-7)
    assert photo.longitude == pytest.approx(118.1422, abs=1e-7)
    assert (photo.bytes, photo.hash) == (len(kept), hashlib.sha256(kept).hexdigest())
    for trace in (
        b"Exif",
        b"SECRET",
        b"xmp",
        b"ICC_PROFILE",
        b"MM\x00*",
        b"II*\x00",
        b"2026:",
        b"\xff\xe1",
        b"\xff\xe2",
    ):
        assert trace not in kept
    assert not decoded(kept).getexif()


def test_comments_and_thumbnails_are_gone() -> None:
    """A JPEG's comment and a PNG's texts may name a person, and are dropped."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Author", "SECRET")
    for sent in (encoded(street(), comment=b"SECRET"), encoded(street(), "PNG", pnginfo=texts)):
        assert b"SECRET" in sent
        assert b"SECRET" not in inspect(sent)[1]


def test_without_metadata_nothing_is_claimed() -> None:
    """A screenshot has no time and no place."""
    photo, _ = inspect(encoded(street()))
    assert (photo.taken_ns, photo.longitude, photo.latitude) == (None, None, None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_applied(orientation: int) -> None:
    """A photo stored sideways or mirrored is kept as Pillow's own rule turns it, 640 × 480 or 480 × 640."""
    image = street()
    image.paste("green", (0, 0, 100, 100))
    sent = encoded(image, exif=phone_exif(orientation), quality=95)
    photo, kept = inspect(sent)
    assert (photo.width, photo.height) == ((480, 640) if orientation > 4 else (640, 480))
    turned = {3: (639, 479), 6: (479, 0), 8: (0, 639), 1: (0, 0), 2: (639, 0), 4: (0, 479), 5: (0, 0), 7: (479, 639)}
    x, y = turned[orientation]
    inside = (min(max(x, 30), photo.width - 30), min(max(y, 30), photo.height - 30))
    assert is_close(decoded(kept).getpixel(inside), (0, 128, 0))


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
def test_corrupt_exif_costs_only_the_facts() -> None:
    """EXIF of noise, or cut off, is no reason to refuse a photo of a leaning billboard."""
    noise = random.Random(7).randbytes(300)
    for block in (b"Exif\x00\x00" + noise, b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + noise, b"Exif\x00\x00MM"):
        photo, kept = inspect(encoded(street(), exif=block))
        assert photo.latitude is None
        assert noise[:20] not in kept


def test_a_large_photo_becomes_smaller() -> None:
    """4 000 × 3 000 px become 2 560 × 1 920 px, and a strip of 9 000 × 2 px stays one pixel high."""
    photo, _ = inspect(encoded(street(4_000, 3_000)))
    assert (photo.width, photo.height) == (2_560, 1_920)
    photo, _ = inspect(encoded(street(9_000, 2), "PNG"))
    assert (photo.width, photo.height) == (2_560, 1)


def test_modes_of_colour() -> None:
    """CMYK, grey of 8 and 16 bits, one bit and a palette are kept as the colours that people saw."""
    for mode, kind in (("CMYK", "JPEG"), ("P", "PNG"), ("RGBA", "WEBP")):
        _, kept = inspect(encoded(street(mode=mode), kind))
        assert is_close(decoded(kept).getpixel((320, 100)), (254, 0, 0)), mode
    for mode, grey in (("L", 200), ("LA", (200, 255)), ("I;16", 200 * 256)):
        _, kept = inspect(encoded(Image.new(mode, (64, 64), grey), "PNG"))
        assert is_close(decoded(kept).getpixel((1, 1)), (200, 200, 200)), mode
    _, kept = inspect(encoded(Image.new("1", (64, 64), 1), "PNG"))
    assert is_close(decoded(kept).getpixel((1, 1)), (255, 255, 255))


def test_what_is_transparent_becomes_white() -> None:
    """A palette PNG with a transparent colour, and half-transparent red, lie on white."""
    palette = Image.new("P", (64, 64), 3)
    palette.putpalette([0, 0, 0] * 3 + [0, 0, 255])
    _, kept = inspect(encoded(palette, "PNG", transparency=3))
    assert is_close(decoded(kept).getpixel((9, 9)), (255, 255, 255))
    _, kept = inspect(encoded(Image.new("RGBA", (64, 64), (255, 0, 0, 128)), "PNG"))
    assert is_close(decoded(kept).getpixel((9, 9)), (255, 127, 127))


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_of_an_animation_the_first_picture_is_kept(kind: str) -> None:
    """A moving picture, red then blue, is kept as a still one, red."""
    frames = [Image.new("RGB", (64, 64), colour) for colour in ("red", "blue")]
    sent = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=100)
    _, kept = inspect(sent)
    assert is_close(decoded(kept).getpixel((9, 9)), (254, 0, 0))


def test_a_polyglot_is_only_a_picture() -> None:
    """A JPEG that is a web page and an archive, too, is kept as a JPEG and nothing else."""
    page = b"<html><script>alert(1)</script></html>"
    sent = encoded(street(), comment=page) + page + b"PK\x03\x04 and an archive"
    _, kept = inspect(sent)
    assert b"<script" not in kept
    assert b"PK\x03\x04" not in kept
    assert kept.endswith(b"\xff\xd9")


def test_too_many_bytes() -> None:
    """15 000 001 bytes are refused before anybody looks at them."""
    error = refused(b"\xff\xd8\xff" + bytes(15_000_000 - 2))
    assert error.code == "E-PHOTO-001"
    assert "15 MB" in error.what


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xd8", b"<html>", b"MZ\x90\x00", "现场照片".encode(), b"RIFF\x00\x00\x00\x00WAVE"]
)
def test_not_a_picture(data: bytes) -> None:
    """Nothing, two bytes, a web page, a program, a text, a sound."""
    assert refused(data).code == "E-PHOTO-002"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_broken_off(kind: str) -> None:
    """An upload that broke off, after 12 bytes, in the header or at three quarters, is refused as such."""
    noisy = Image.frombytes("RGB", (200, 200), random.Random(7).randbytes(120_000))
    sent = encoded(noisy, kind)
    for length in (12, 40, len(sent) // 2, len(sent) * 3 // 4):
        assert refused(sent[:length]).code == "E-PHOTO-003", length


def test_a_small_file_that_claims_to_be_huge() -> None:
    """1 kB of PNG that says 50 000 × 50 000 px is refused by its header, and 7 100 × 7 100 px, too."""
    error = refused(png(50_000, 50_000, bytes(950)))
    assert error.code == "E-PHOTO-004"
    assert "50000 × 50000" in error.what
    assert refused(png(7_100, 7_100)).code == "E-PHOTO-004"
    assert refused(png(50_000_000, 2)).code == "E-PHOTO-004"


def test_a_webp_that_claims_to_be_huge() -> None:
    """A WebP whose canvas is said to be 16 383 × 16 383 px is refused by its header."""
    canvas = bytes(4) + (16_382).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<L", 10) + canvas + encoded(street(), "WEBP")[12:]
    assert refused(b"RIFF" + struct.pack("<L", len(body)) + body).code == "E-PHOTO-004"


def test_a_bomb_of_pixels_within_the_limit() -> None:
    """48 kB that decode to 49 million white pixels are kept, as 2 560 × 2 560 px."""
    row = b"\x00" + b"\xff" * 7_000
    photo, _ = inspect(png(7_000, 7_000, zlib.compress(row * 7_000, 9)))
    assert (photo.width, photo.height) == (2_560, 2_560)


def test_a_bomb_of_scans() -> None:
    """A progressive JPEG whose last scan comes 600 times over is refused before it costs 600 passes."""
    sent = encoded(street(), progressive=True)
    last = sent[sent.rindex(b"\xff\xda") : -2]
    assert inspect(sent)
    assert refused(sent[:-2] + last * 600 + b"\xff\xd9").code == "E-PHOTO-003"


def test_a_bomb_of_text() -> None:
    """A PNG with 100 MB of text, compressed to 100 kB, is refused as damaged."""
    texts = PngImagePlugin.PngInfo()
    texts.add_text("Comment", "x" * 100_000_000, zip=True)
    sent = encoded(Image.new("L", (8, 8)), "PNG", pnginfo=texts)
    assert len(sent) < 200_000
    assert refused(sent).code == "E-PHOTO-003"


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\x00\x00\x00\x18ftypheic\x00\x00", "HEIC"),
        (b"\x00\x00\x00\x18ftypmif1\x00\x00", "HEIC"),
        (b"\x00\x00\x00\x18ftypavif\x00\x00", "AVIF"),
        (b"GIF89a", "GIF"),
        (b"BM\x00\x00", "BMP"),
        (b"II*\x00", "TIFF"),
        (b"%PDF-1.7", "PDF"),
    ],
)
def test_kinds_that_are_not_taken(head: bytes, kind: str) -> None:
    """HEIC, AVIF, GIF, BMP, TIFF and PDF are named, and an iPhone's owner learns where the setting is."""
    error = refused(head + bytes(100))
    assert error.code == "E-PHOTO-005"
    assert kind in error.what
    assert ("Most Compatible" in error.fix) == (kind == "HEIC")


@pytest.mark.filterwarnings("ignore::UserWarning:PIL")
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_damage_never_surprises(kind: str) -> None:
    """Of 150 photos with ten bytes changed, each is kept or refused; no reader's own error comes out."""
    chance = random.Random(7)
    whole = encoded(street(160, 120), kind, exif=phone_exif())
    for _ in range(150):
        damaged = bytearray(whole)
        for _ in range(10):
            damaged[chance.randrange(8, len(damaged))] = chance.randrange(256)
        try:
            assert b"SECRET" not in inspect(bytes(damaged))[1]
        except PhotoRefused as error:
            assert error.code in {"E-PHOTO-002", "E-PHOTO-003", "E-PHOTO-004"}  # noqa: PT017 - both ends are right


async def kept(folder: PhotoFolder, sent: bytes) -> photos.Photo:
    """As a route does it."""
    photo, clean = await folder.clean(sent)
    await folder.keep(photo, clean)
    return photo


async def test_kept_once_and_read_again(tmp_path: Path) -> None:
    """The same photo sent twice at once is one file, ab/abcdef….jpg, readable by its owner only."""
    folder = PhotoFolder(tmp_path / "photos")
    sent = encoded(street(), exif=phone_exif())
    photo, again = await asyncio.gather(kept(folder, sent), kept(folder, sent))
    assert photo == again
    [path] = (found for found in (tmp_path / "photos").rglob("*") if found.is_file())
    assert path.relative_to(tmp_path) == Path("photos", photo.hash[:2], f"{photo.hash}.jpg")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert hashlib.sha256(await folder.read(photo.hash)).hexdigest() == photo.hash


async def test_a_flood_of_photos_does_not_fill_the_memory(tmp_path: Path) -> None:
    """Of forty at once of up to 15 MB, sixteen wait for the decoder; the rest are asked to come again."""
    folder = PhotoFolder(tmp_path / "photos")
    sent = encoded(street())
    answers = await asyncio.gather(*(folder.clean(sent) for _ in range(40)), return_exceptions=True)
    refused = [answer for answer in answers if isinstance(answer, Unavailable)]
    assert {answer.code for answer in refused} == {"E-PHOTO-008"}
    assert len(refused) == 40 - photos.WAITING
    assert (await kept(folder, sent)).width == 640


@pytest.mark.parametrize("name", ["", "..", "../../etc/passwd", HASH[:-1], HASH.upper(), HASH + "\n", "ab/" + HASH[3:]])
async def test_a_hash_is_no_path(tmp_path: Path, name: str) -> None:
    """Nothing but 64 lower-case hexadecimal digits becomes part of a path, not even with a newline behind it."""
    (tmp_path / "photos" / "ab").mkdir(parents=True)
    (tmp_path / "photos" / "ab" / f"{HASH}\n.jpg").write_text("secret")
    with pytest.raises(NoSuchPhoto):
        await PhotoFolder(tmp_path / "photos").read(name)


async def test_a_photo_that_was_never_sent(tmp_path: Path) -> None:
    """A good hash that nobody has sent is missing, and says so."""
    with pytest.raises(NoSuchPhoto, match="E-PHOTO-006"):
        await PhotoFolder(tmp_path).read(HASH)


async def test_a_disk_that_refuses(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk is said plainly and leaves nothing behind; a moment later the same photo is kept."""
    folder = PhotoFolder(tmp_path)

    def refuse(number: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(photos.os, "fsync", refuse)
        with pytest.raises(Unavailable, match="No space left"):
            await kept(folder, encoded(street()))
    assert not [found for found in tmp_path.rglob("*") if found.is_file()]
    photo = await kept(folder, encoded(street()))
    assert await folder.read(photo.hash)
    assert [found.name for found in tmp_path.iterdir()] == [photo.hash[:2]]
