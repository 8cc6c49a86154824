"""Every kind of source explains itself: the example in its docstring is a block that works."""

import textwrap

import pytest
import yaml

from wire import kinds
from wire.located import Mistakes

PACKAGE = "edge.sources"


@pytest.mark.parametrize("kind", kinds.names(PACKAGE))
def test_the_example_of_the_manual_builds(kind: str) -> None:
    """The indented YAML after the first line names a line of this kind, and its Config takes every key."""
    module = kinds.find(PACKAGE, kind)
    manual = (module.__doc__ or "").split("\n\n")
    example = yaml.safe_load(textwrap.dedent(manual[1]))
    ((_, box),) = example["boxes"].items()
    ((_, line),) = box["lines"].items()
    assert line.pop("source") == kind
    mistakes = Mistakes()
    kinds.build(module.Config, line, mistakes, where=kind)
    mistakes.raise_any()
