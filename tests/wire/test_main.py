"""The command's root: what help costs, how errors end the process."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from wire import main
from wire.errors import ConfigError, LinkError, Mistake


def leaves(verbs: dict[str, main.Verb]) -> Iterator[main.Verb]:
    """Every verb that names a module."""
    for verb in verbs.values():
        if verb.verbs is None:
            yield verb
        else:
            yield from leaves(dict(verb.verbs))


def run_raising(error: BaseException, monkeypatch: pytest.MonkeyPatch) -> int:
    """The exit code of a verb that ends in `error`."""

    def fail() -> None:
        raise error

    monkeypatch.setattr(main.root, "get_command", lambda *_: click.Command("fail", callback=fail))
    monkeypatch.setattr(sys, "argv", ["egret", "fail"])
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert isinstance(caught.value.code, int)
    return caught.value.code


def test_help_imports_no_side_and_no_library() -> None:
    """`egret --help` lists every verb and reads neither edge nor cloud nor any of their libraries."""
    code = (
        "import sys; sys.argv = ['egret', '--help']\n"
        "from wire.main import main\n"
        "try: main()\n"
        "finally: print([m for m in sys.modules if m.split('.')[0] in "
        "('edge', 'cloud', 'yaml', 'asyncio', 'msgspec', 'pymodbus', 'logging')], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr.strip() == "[]"
    for verb in main.VERBS:
        assert f"  {verb} " in done.stdout


def test_every_verb_names_a_module_and_a_command() -> None:
    """The table holds "module:command" and one line of help ending in a full stop."""
    for verb in leaves(dict(main.VERBS)):
        module, _, command = verb.target.partition(":")
        assert module.split(".")[1] == "commands"
        assert command.isidentifier()
        assert verb.help.endswith(".")


def test_an_expected_error_is_one_message_and_its_own_exit_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What, where, fix and code on stderr; nothing on stdout; no traceback."""
    error = ConfigError([Mistake("sensors.yaml:41", "unit identifier 300.", "write 1..247", "E-CITY-005")])
    assert run_raising(error, monkeypatch) == 4
    said = capsys.readouterr()
    assert said.err == "sensors.yaml:41: unit identifier 300. fix: write 1..247 [E-CITY-005]\n"
    assert said.out == ""


def test_errors_of_several_tasks_are_each_said_once(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A TaskGroup's wrapping is not the reader's business."""
    broker = LinkError("nobody answers", where="mqtt://127.0.0.1:1883", fix="start the broker", code="E-LINK-002")
    assert run_raising(ExceptionGroup("tasks", [ExceptionGroup("inner", [broker]), broker]), monkeypatch) == 3
    assert capsys.readouterr().err == "mqtt://127.0.0.1:1883: nobody answers fix: start the broker [E-LINK-002]\n"


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    """As shells expect it."""
    assert run_raising(KeyboardInterrupt(), monkeypatch) == 130


def test_a_defect_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """What we do not expect is not dressed up as a message."""
    monkeypatch.setattr(main.root, "get_command", lambda *_: click.Command("fail", callback=lambda: 1 // 0))
    monkeypatch.setattr(sys, "argv", ["egret", "fail"])
    with pytest.raises(ZeroDivisionError):
        main.main()


def test_a_verb_s_own_exit_code_is_the_process_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """`egret check` ends with 4 without raising anything."""
    verb = click.Command("four", callback=lambda: click.get_current_context().exit(4))
    monkeypatch.setattr(main.root, "get_command", lambda *_: verb)
    monkeypatch.setattr(sys, "argv", ["egret", "four"])
    with pytest.raises(SystemExit) as caught:
        main.main()
    assert caught.value.code == 4
