"""A photo as it may be kept: checked by its content, cleaned of everything but the picture.

A photo comes from anybody who holds a link, or from a phone at the pole, so its bytes are kept by nobody: it is
decoded, turned upright, made no larger than a screen needs and written anew as JPEG. What a phone says of its owner
(EXIF, XMP, names, thumbnails, colour profiles, whatever hangs behind the picture) does not survive
that; when and where it was taken is read first and becomes part of the `Photo`.

Pillow is imported when the first photo comes: it costs 30 ms and 5 MiB that most processes never need.
"""

import hashlib
import io
import struct
import zlib
from typing import TYPE_CHECKING

import msgspec

from wire import exif
from wire.errors import EgretError

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageFile import ImageFile

UPLOAD_MAX = 15 * 1000 * 1000
"""Bytes of a photo as it is sent."""
PIXELS_MAX = 50 * 1000 * 1000
"""Above what phones make by default; decoded it is 200 MB, and twice as much where parts are transparent."""
SIDE_MAX = 2_560
"""Pixels of the longest side of what is kept."""
MEDIA_TYPE = "image/jpeg"

_SCANS_MAX = 500
"""Of a JPEG. A progressive one has about ten; every further one, though it has a hundred bytes, costs
a pass over all pixels. Random bytes behind a picture (a motion photo's film) look like 230 at most."""
_QUALITY = 85
_DAMAGES = (OSError, SyntaxError, ValueError, EOFError, IndexError, KeyError, TypeError, struct.error, zlib.error)
"""What Pillow's readers raise on bytes that are no good picture."""
_APPLE = frozenset({b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1"})
_OTHERS = {b"GIF8": "GIF", b"BM": "BMP", b"II*\x00": "TIFF", b"MM\x00*": "TIFF", b"%PDF": "PDF"}


class PhotoRefused(EgretError):
    """A photo that is not kept; `fix` is for whoever took it."""


class Photo(msgspec.Struct, frozen=True):
    """A photo as it is kept.

    `hash` is the SHA-256 of the kept bytes in hexadecimal, `bytes` their number, `width` and `height`
    pixels, upright. `taken_ns` (UTC), `longitude` and `latitude` (WGS-84 degrees) are what the camera
    said, which proves nothing; None when it said nothing.
    """

    hash: str
    media_type: str
    width: int
    height: int
    bytes: int
    taken_ns: int | None
    longitude: float | None
    latitude: float | None


def inspect(data: bytes, side_max: int = SIDE_MAX) -> tuple[Photo, bytes]:
    """The photo in `data`, and the bytes to keep of it. Blocks up to some seconds. Raises PhotoRefused.

    JPEG, PNG and WebP by content; of an animation the first picture; transparent parts become white.
    """
    if len(data) > UPLOAD_MAX:
        what = f"the photo has {len(data) / 1e6:.1f} MB; {UPLOAD_MAX / 1e6:.0f} MB are taken."
        raise PhotoRefused(what, fix="send it in a smaller size.", code="E-PHOTO-001")
    from PIL.Image import DecompressionBombError  # noqa: PLC0415 - see the module's docstring

    try:
        image = _opened(data)
        _check_pixels(image.size)
        image.draft(None, (side_max, side_max))
        image.load()
        taken = exif.read(_exif_of(image))
        clean = _upright(_flat(image, side_max), taken.orientation)
    except DecompressionBombError as error:
        raise _too_many_pixels("more than 170 million") from error
    except _DAMAGES as error:
        fix = "send it again; if that does not help, take it again."
        raise PhotoRefused("the photo is broken off or damaged.", fix=fix, code="E-PHOTO-003") from error
    kept = _encoded(clean)
    name = hashlib.sha256(kept).hexdigest()
    width, height = clean.size
    place = taken.longitude, taken.latitude
    return Photo(name, MEDIA_TYPE, width, height, len(kept), taken.time_ns, *place), kept


def _opened(data: bytes) -> "ImageFile":
    """Only the header is read. The readers are named one by one: Pillow knows forty formats more."""
    from PIL.JpegImagePlugin import JpegImageFile  # noqa: PLC0415 - see the module's docstring
    from PIL.PngImagePlugin import PngImageFile  # noqa: PLC0415
    from PIL.WebPImagePlugin import WebPImageFile  # noqa: PLC0415

    file = io.BytesIO(data)
    if data.startswith(b"\xff\xd8\xff"):
        if data.count(b"\xff\xda") > _SCANS_MAX:
            raise ValueError("too many scans")
        return JpegImageFile(file)
    if data.startswith(b"\x89PNG\r\n\x1a\n"):
        return PngImageFile(file)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return WebPImageFile(file)
    raise _unknown(data)


def _unknown(data: bytes) -> PhotoRefused:
    fix = "send a photo as JPEG, PNG or WebP."
    if data[4:8] == b"ftyp" and data[8:12] in _APPLE:
        fix = "send it as JPEG; on an iPhone choose Settings, Camera, Formats, Most Compatible."
        return PhotoRefused("the photo is HEIC, which is not taken.", fix=fix, code="E-PHOTO-005")
    if data[4:12] in {b"ftypavif", b"ftypavis"}:
        return PhotoRefused("the photo is AVIF, which is not taken.", fix=fix, code="E-PHOTO-005")
    for mark, kind in _OTHERS.items():
        if data.startswith(mark):
            return PhotoRefused(f"the file is {kind}, which is not taken.", fix=fix, code="E-PHOTO-005")
    return PhotoRefused("the file is not a picture.", fix=fix, code="E-PHOTO-002")


def _check_pixels(size: tuple[int, int]) -> None:
    width, height = size
    if width * height > PIXELS_MAX:
        raise _too_many_pixels(f"{width} × {height}")


def _too_many_pixels(pixels: str) -> PhotoRefused:
    what = f"the photo has {pixels} pixels; {PIXELS_MAX / 1e6:.0f} million are taken."
    return PhotoRefused(what, fix="set the camera to a smaller picture, or send it smaller.", code="E-PHOTO-004")


def _exif_of(image: "ImageFile") -> bytes:
    found = image.info.get("exif", b"")
    return found if isinstance(found, bytes) else b""


def _flat(image: "Image", side_max: int) -> "Image":
    """Red, green and blue on white, small enough, with nothing beside the pixels."""
    from PIL.Image import new  # noqa: PLC0415 - see the module's docstring

    if image.mode.startswith("I"):
        # Sixteen bits of grey; converting would cut off all above 255 instead of scaling.
        image = image.point(lambda grey: grey * (1 / 256)).convert("L")
    has_alpha = image.has_transparency_data
    mode = "RGBA" if has_alpha else "RGB"
    if image.mode != mode:  # a copy of the same mode would cost another 200 MB
        image = image.convert(mode)
    image.thumbnail((side_max, side_max))
    flat = new("RGB", image.size, "white")
    flat.paste(image, mask=image if has_alpha else None)
    return flat


def _upright(image: "Image", orientation: int) -> "Image":
    from PIL.Image import Transpose  # noqa: PLC0415 - see the module's docstring

    turns = {
        2: Transpose.FLIP_LEFT_RIGHT,
        3: Transpose.ROTATE_180,
        4: Transpose.FLIP_TOP_BOTTOM,
        5: Transpose.TRANSPOSE,
        6: Transpose.ROTATE_270,
        7: Transpose.TRANSVERSE,
        8: Transpose.ROTATE_90,
    }
    return image.transpose(turns[orientation]) if orientation in turns else image


def _encoded(image: "Image") -> bytes:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
