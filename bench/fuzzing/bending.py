"""How a valid message or file becomes a bad one: a value of a tree is replaced, or its bytes or lines are damaged."""

from random import Random

NUMBERS = (0, -1, 1, 127, 2**31, -(2**31), 2**53, 2**53 + 1, 2**63 - 1, 2**63, 2**64 - 1, -(2**63), 0.1, -0.0, 1e308)
TEXTS = (
    *("", " ", "\x00", "a\nb", "tilt,site=x value=1", "<script>alert(1)</script>", "=cmd|' /C calc'!A0", "../../etc"),
    *("\u202e", "\u200b", "\ufeff", "\U0001f4a9", "A" * 65, "x" * 70_000, "$SYS/#", "+", "NaN", "\r\nBcc: a@b.example"),
)
NUMBERS_NO_JSON = (float("nan"), float("inf"), float("-inf"))
TOKENS = (
    *(
        "*a",
        "&a [*a, *a]",
        "!!python/object/apply:os.system [id]",
        "!!binary aGk=",
        "{" * 60,
        "[" * 5000,
        '"',
        "'",
        "|",
    ),
    *(
        "0x50",
        "1e999",
        "9" * 400,
        "-1",
        "null",
        "~",
        "{}",
        "[]",
        "{a: {a: {a: a}}}",
        "\t",
        "---",
        "...",
        "? a",
        "a: b: c",
    ),
    *("\x00", "\ufeff", "\u202e", "\U0001f4a9", "300d", "2026-13-40", "mqtt://", "http://169.254.169.254/", "x" * 5000),
    *(
        "(" * 400,
        "1/0",
        "9**9**9",
        "value * " * 300 + "1",
        "a.b.c",
        "-" * 300 + "1",
        "max(" * 50,
        "site.x",
        "1 if 1 else",
    ),
)
_DESCEND = 0.85
_DEEP, _DEEP_SHARE = 20_000, 0.1


def bent(rng: Random, tree: object) -> object:
    """The tree with one value changed; what is not changed is shared with the original."""
    if isinstance(tree, dict) and tree and rng.random() < _DESCEND:
        return _bent_mapping(rng, tree)
    if isinstance(tree, list) and tree and rng.random() < _DESCEND:
        return _bent_list(rng, tree)
    return _nasty(rng, tree)


def _bent_mapping(rng: Random, tree: dict[str, object]) -> object:
    key = rng.choice(list(tree))
    chance = rng.random()
    if chance < 0.1:
        return {name: value for name, value in tree.items() if name != key}
    if chance < 0.15:
        return {**tree, rng.choice(TEXTS): tree[key]}
    return {**tree, key: bent(rng, tree[key])}


def _bent_list(rng: Random, tree: list[object]) -> object:
    at = rng.randrange(len(tree))
    chance = rng.random()
    if chance < 0.1:
        return tree[:at] + tree[at + 1 :]
    if chance < 0.2:
        return tree[:at] + [tree[at]] * rng.choice((2, 3, 100)) + tree[at + 1 :]
    return [*tree[:at], bent(rng, tree[at]), *tree[at + 1 :]]


def _nasty(rng: Random, value: object) -> object:
    kind = rng.randrange(8)
    if kind < 3:
        return rng.choice(NUMBERS)
    if kind < 5:
        return rng.choice(TEXTS)
    if kind == 5 and isinstance(value, int | float):
        return value + rng.choice((-1, 1, 2**32, 2**62))
    return rng.choice((None, True, [], {}, [value], {"a": value}, [0] * 5001, *NUMBERS_NO_JSON))


def damaged(rng: Random, data: bytes) -> bytes:
    """Bytes flipped, cut off, put in, doubled, or nested deep."""
    if not data:
        return bytes([rng.randrange(256)])
    at = rng.randrange(len(data))
    changed = (
        data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :],
        data[:at],
        data[:at] + rng.randbytes(rng.randrange(1, 9)) + data[at:],
        data[:at] + data[at // 2 :],
        data[: at // 2] + data[at:],
    )
    if rng.random() < _DEEP_SHARE:
        return data[:at] + rng.choice((b"[", b"\x91", b'{"a":')) * rng.randrange(_DEEP) + data[at:]
    return rng.choice(changed)


def miswritten(rng: Random, text: str) -> str:
    """A file of YAML as a tired person or an enemy writes it: one or two lines changed."""
    lines = text.splitlines(keepends=True)
    for _ in range(rng.randrange(1, 3)):
        at = rng.randrange(len(lines))
        line, other = lines[at], rng.randrange(len(lines))
        head, colon, _ = line.partition(":")
        match rng.randrange(7):
            case 0:
                lines[at] = ""
            case 1:
                lines[at] = line * rng.choice((2, 50))
            case 2:
                lines[at] = rng.choice((" ", "  ", "\t")) + line
            case 3:
                lines[at], lines[other] = lines[other], line
            case 4:
                where = rng.randrange(len(line) + 1)
                lines[at] = line[:where] + rng.choice(TOKENS) + line[where:]
            case _:
                lines[at] = f"{head}{colon or ':'} {rng.choice(TOKENS)}\n"
    return "".join(lines)
