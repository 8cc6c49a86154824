"""The expressions of a device profile: `tilt_from(roll, pitch, zero.roll, zero.pitch)`, `mode in [warmup]`.

A small closed grammar, compiled once to closures and never handed to `eval`: a profile is data from
a folder, not a program. It knows numbers, quoted words, names (`roll`, `zero.roll`, `site.height`,
`flags.fault`), `+ - * /`, comparisons, `and or not`, `in [words]` and the functions of `FUNCTIONS`.
A bare word is a name everywhere but inside the brackets of `in`.
"""

import ast
import math
import operator
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NoReturn

Scalar = float | str | bool
Values = Mapping[str, float | str | bool | None]
_Run = Callable[[Values], Scalar]

LENGTH_MAX = 500
"""Characters of an expression."""
DEPTH_MAX = 20
"""Levels of nesting."""


class ExpressionError(ArithmeticError):
    """The expression has no value for these inputs: a missing point, a division by zero, a word for a number."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression. `text` is what the author wrote, `names` are the values it needs.

    `words` are those it compares with, so that a misspelt state is found before it is waited for.
    """

    text: str
    names: frozenset[str]
    words: frozenset[str]
    _run: _Run = field(repr=False, compare=False)

    def __call__(self, values: Values) -> Scalar:
        """Its value, never NaN or an infinity. Raises ExpressionError when there is none."""
        result = self._run(values)
        if isinstance(result, float) and not math.isfinite(result):
            raise ExpressionError(f"{self.text!r} is {result}")
        return result


def parse(text: str) -> Expression:
    """Raises ValueError with one plain sentence when `text` is outside the grammar."""
    if len(text) > LENGTH_MAX:
        raise ValueError(f"an expression has at most {LENGTH_MAX} characters, this one has {len(text)}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # what Python only warns of (`1or 2`) is a mistake here
            tree = ast.parse(text.strip(), mode="eval")
    except (SyntaxError, ValueError, MemoryError, RecursionError) as error:
        raise ValueError(f"{text!r} is not an expression") from error
    found = _Found()
    run = _compile(tree.body, found, 1)
    return Expression(text, frozenset(found.names), frozenset(found.words), run)


def tilt_from(roll: float, pitch: float, zero_roll: float, zero_pitch: float) -> float:
    """The angle between two directions of gravity in the sensor's frame; all in degrees, result 0..180.

    By cross and dot product: right at thousandths of a degree, where an arc cosine loses digits.
    """
    ax, ay, az = _gravity(roll, pitch)
    bx, by, bz = _gravity(zero_roll, zero_pitch)
    cross = math.hypot(ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx)
    return math.degrees(math.atan2(cross, ax * bx + ay * by + az * bz))


def tilt(roll: float, pitch: float) -> float:
    """The angle to the vertical, acos(cos roll · cos pitch), in degrees 0..180."""
    return tilt_from(roll, pitch, 0.0, 0.0)


def _gravity(roll: float, pitch: float) -> tuple[float, float, float]:
    across, along = math.radians(roll), math.radians(pitch)
    return -math.sin(along), math.sin(across) * math.cos(along), math.cos(across) * math.cos(along)


FUNCTIONS: Mapping[str, tuple[Callable[..., float], int, int]] = {
    "abs": (abs, 1, 1),
    "min": (min, 2, 8),
    "max": (max, 2, 8),
    "sqrt": (math.sqrt, 1, 1),
    "ln": (math.log, 1, 1),
    "tilt": (tilt, 2, 2),
    "tilt_from": (tilt_from, 4, 4),
}
"""Name → function of numbers, fewest and most arguments."""

_ARITHMETIC: Mapping[type[ast.operator], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
_ORDER: Mapping[type[ast.cmpop], Callable[[float, float], bool]] = {
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
}
_EQUALITY: Mapping[type[ast.cmpop], bool] = {ast.Eq: True, ast.NotEq: False}
_MEMBERSHIP: Mapping[type[ast.cmpop], bool] = {ast.In: True, ast.NotIn: False}


@dataclass(frozen=True, slots=True)
class _Found:
    names: set[str] = field(default_factory=set)
    words: set[str] = field(default_factory=set)


def _compile(node: ast.expr, found: _Found, depth: int) -> _Run:  # noqa: C901, PLR0911 one case a node of the grammar
    """The closure of one node; the names and words in it are added to `found`."""
    if depth > DEPTH_MAX:
        raise ValueError(f"an expression nests at most {DEPTH_MAX} levels")

    def part(child: ast.expr) -> _Run:
        return _compile(child, found, depth + 1)

    match node:
        case ast.Constant():
            constant = _constant(node, found)
            return lambda _values: constant
        case ast.Name() | ast.Attribute():
            return _lookup(_name(node), found)
        case ast.UnaryOp(op=ast.USub(), operand=operand):
            number = part(operand)
            return lambda values: -_number(number(values))
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            condition = part(operand)
            return lambda values: not _condition(condition(values))
        case ast.BinOp(left=left, op=operation, right=right) if type(operation) in _ARITHMETIC:
            return _arithmetic(_ARITHMETIC[type(operation)], part(left), part(right))
        case ast.BoolOp(op=operation, values=operands):
            conditions = tuple(part(operand) for operand in operands)
            combine = all if isinstance(operation, ast.And) else any
            return lambda values: combine(_condition(condition(values)) for condition in conditions)
        case ast.Compare(left=left, ops=[operation], comparators=[ast.List() as words]):
            return _membership(operation, part(left), words, found)
        case ast.Compare(left=left, ops=operations, comparators=others):
            return _comparison(operations, tuple(part(operand) for operand in (left, *others)))
        case ast.Call(func=ast.Name(id=called), args=arguments, keywords=[]):
            return _call(called, tuple(part(argument) for argument in arguments))
        case _:
            return _refuse(node)


def _constant(node: ast.Constant, found: _Found) -> Scalar:
    if isinstance(node.value, str):
        found.words.add(node.value)
        return node.value
    if isinstance(node.value, bool) or not isinstance(node.value, int | float):
        _refuse(node)
    try:
        number = float(node.value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("a number in an expression is finite")
    return number


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=owner, attr=name):
            return f"{_name(owner)}.{name}"
    return _refuse(node)


def _lookup(name: str, found: _Found) -> _Run:
    if name in FUNCTIONS:
        raise ValueError(f"{name} is a function: write {name}(…)")
    found.names.add(name)

    def look_up(values: Values) -> Scalar:
        value = values.get(name)
        if value is None:
            raise ExpressionError(f"{name} has no value")
        return value

    return look_up


def _arithmetic(operation: Callable[[float, float], float], left: _Run, right: _Run) -> _Run:
    def calculate(values: Values) -> float:
        try:
            return operation(_number(left(values)), _number(right(values)))
        except ZeroDivisionError as error:
            raise ExpressionError("a division by zero") from error

    return calculate


def _membership(operation: ast.cmpop, item: _Run, words: ast.List, found: _Found) -> _Run:
    if type(operation) not in _MEMBERSHIP:
        raise ValueError("a list of words stands after `in` or `not in` only")
    expected = _MEMBERSHIP[type(operation)]
    choices = tuple(_constant(word, found) if isinstance(word, ast.Constant) else _name(word) for word in words.elts)
    found.words.update(choice for choice in choices if isinstance(choice, str))
    return lambda values: (item(values) in choices) is expected


def _comparison(operations: list[ast.cmpop], operands: tuple[_Run, ...]) -> _Run:
    pairs = tuple(_pair(operation) for operation in operations)

    def compare(values: Values) -> bool:
        left = operands[0](values)
        for holds, operand in zip(pairs, operands[1:], strict=True):
            right = operand(values)
            if not holds(left, right):
                return False
            left = right
        return True

    return compare


def _pair(operation: ast.cmpop) -> Callable[[Scalar, Scalar], bool]:
    kind = type(operation)
    if kind in _EQUALITY:
        expected = _EQUALITY[kind]
        return lambda left, right: (left == right) is expected
    if kind in _ORDER:
        order = _ORDER[kind]
        return lambda left, right: order(_number(left), _number(right))
    raise ValueError("`in` needs a list of words: mode in [warmup, inhibit]")


def _call(called: str, arguments: tuple[_Run, ...]) -> _Run:
    if called not in FUNCTIONS:
        raise ValueError(f"{called} is no function; there are {', '.join(FUNCTIONS)}")
    function, fewest, most = FUNCTIONS[called]
    if not fewest <= len(arguments) <= most:
        wanted = str(fewest) if fewest == most else f"{fewest} to {most}"
        raise ValueError(f"{called} takes {wanted} numbers, not {len(arguments)}")

    def call(values: Values) -> float:
        numbers = [_number(argument(values)) for argument in arguments]
        try:
            return function(*numbers)
        except ValueError as error:
            raise ExpressionError(f"{called} has no value at {numbers}") from error

    return call


def _number(value: Scalar) -> float:
    if isinstance(value, bool | str):
        raise ExpressionError(f"{value!r} is not a number")
    return value


def _condition(value: Scalar) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"{value!r} is neither true nor false")
    return value


def _refuse(node: ast.expr) -> NoReturn:
    raise ValueError(f"{ast.unparse(node)!r} is outside the grammar of expressions")
