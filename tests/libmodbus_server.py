"""A Modbus server that is not ours: libmodbus, with a memory image, as a process of its own.

    python libmodbus_server.py libmodbus.so.5 '{"unit": 80, "tty": "/dev/pts/3", "image": {"3": {"52": 0}}}'

`image` maps function codes to addresses to what they hold; with `tcp` instead of `tty` it listens on that port. It
prints `ready` when it can be asked, and serves until its client hangs up.
"""

import ctypes
import errno
import json
import sys
from collections.abc import Mapping

_BAUD = 9600
_FRAME_MAX = 260


class Memory(ctypes.Structure):
    """`modbus_mapping_t` of libmodbus 3.1."""

    _fields_ = (
        *((name, ctypes.c_int) for name in ("nb_bits", "start_bits", "nb_input_bits", "start_input_bits")),
        *((name, ctypes.c_int) for name in ("nb_input_registers", "start_input_registers")),
        *((name, ctypes.c_int) for name in ("nb_registers", "start_registers")),
        *((name, ctypes.POINTER(ctypes.c_uint8)) for name in ("tab_bits", "tab_input_bits")),
        *((name, ctypes.POINTER(ctypes.c_uint16)) for name in ("tab_input_registers", "tab_registers")),
    )


def _mapped(library: ctypes.CDLL, image: Mapping[str, Mapping[str, int]]) -> "ctypes._Pointer[Memory]":
    """The image as libmodbus keeps it."""
    tables = [{int(address): value for address, value in image.get(str(fc), {}).items()} for fc in (1, 2, 3, 4)]
    extents = [(min(table), max(table) - min(table) + 1) if table else (0, 0) for table in tables]
    library.modbus_mapping_new_start_address.restype = ctypes.POINTER(Memory)
    mapping = library.modbus_mapping_new_start_address(*(number for extent in extents for number in extent))
    held = mapping.contents
    places = (held.tab_bits, held.tab_input_bits, held.tab_registers, held.tab_input_registers)
    for table, (start, _), place in zip(tables, extents, places, strict=True):
        for address, value in table.items():
            place[address - start] = value
    return mapping


def _opened(library: ctypes.CDLL, unit: int, tty: str, tcp: int) -> tuple[ctypes.c_void_p, int]:
    """A context, and the socket on which connections come."""
    library.modbus_new_rtu.restype = library.modbus_new_tcp.restype = ctypes.c_void_p
    if tty:
        context = ctypes.c_void_p(library.modbus_new_rtu(tty.encode(), _BAUD, ctypes.c_char(b"N"), 8, 1))
        library.modbus_set_slave(context, unit)
        # Without it a pause inside a frame throws it out of step for good.
        library.modbus_set_byte_timeout(context, ctypes.c_uint32(0), ctypes.c_uint32(8000))
        if library.modbus_connect(context) < 0:
            sys.exit(f"libmodbus does not open {tty}")
        return context, -1
    context = ctypes.c_void_p(library.modbus_new_tcp(b"127.0.0.1", tcp))
    listening = library.modbus_tcp_listen(context, 1)
    if listening < 0:
        sys.exit(f"libmodbus does not listen on {tcp}")
    return context, listening


def main(name: str, plan: str) -> None:
    """Until its client hangs up."""
    library, said = ctypes.CDLL(name, use_errno=True), json.loads(plan)
    context, listening = _opened(library, said["unit"], said.get("tty", ""), said.get("tcp", 0))
    mapping = _mapped(library, said["image"])
    print("ready", flush=True)  # noqa: T201 - whoever started it waits for it
    if listening >= 0:
        library.modbus_tcp_accept(context, ctypes.byref(ctypes.c_int(listening)))
    request = (ctypes.c_uint8 * _FRAME_MAX)()
    while True:
        size = library.modbus_receive(context, request)
        if size > 0:
            library.modbus_reply(context, request, size, mapping)
        elif size < 0 and (listening >= 0 or ctypes.get_errno() == errno.EIO):
            return
        elif size < 0:
            library.modbus_flush(context)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
