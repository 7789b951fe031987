"""Compressed tiles, looked at before a decoder is: it fills what is missing with grey, and believes any size."""

from __future__ import annotations

import struct

JPEG, JPEG2000 = 7, (33003, 33004, 33005, 34712)  # TIFF compression tags
RESTARTS = range(0xD0, 0xD8)  # markers between the pieces of a JPEG
_NO_LENGTH = {0x01, *range(0xD0, 0xD9)}  # markers that stand alone
_SIZES = {0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE, 0xCF}  # start of frame


def damage(data: bytes, compression: int, width: int, height: int, is_piece: bool = False) -> str:
    """What is wrong with a compressed tile that should hold at most width x height pixels; '' for nothing seen.

    is_piece: of one large JPEG (NDPI), without a header, that ends where the next one begins.
    """
    if compression == JPEG and is_piece:
        ends = len(data) > 1 and data[-2] == 0xFF and (data[-1] in RESTARTS or data[-1] == 0xD9)
        return "" if ends else "has no end marker: cut off or zeroed"
    if compression == JPEG:
        if data[:2] != b"\xff\xd8":
            return "does not start as a JPEG"
        if not data.rstrip(b"\0").endswith(b"\xff\xd9") or len(data) - len(data.rstrip(b"\0")) > 1:
            return "has no end marker: cut off or zeroed"
        size = _jpeg_size(data)
    elif compression in JPEG2000:
        size = _jpeg2000_size(data)
    else:
        return ""
    if size is None:
        return "has no header that says its size"
    if size[0] > width or size[1] > height:
        return f"declares {size[0]} x {size[1]} px in a tile of {width} x {height}"
    return ""


def _jpeg_size(data: bytes) -> tuple[int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if marker in _SIZES:
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return width, height
        at += 2 if marker in _NO_LENGTH else 2 + struct.unpack(">H", data[at + 2 : at + 4])[0]
    return None


def _jpeg2000_size(data: bytes) -> tuple[int, int] | None:
    at = data.find(b"\xff\x4f\xff\x51", 0, 1024)  # start of codestream, then its size; a JP2 box may come before
    if at < 0 or at + 24 > len(data):
        return None
    right, bottom, left, top = struct.unpack(">IIII", data[at + 8 : at + 24])
    return right - left, bottom - top
