"""Links in a chat message: they open what was issued, until they expire, and nothing else."""

import base64
import stat
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from cloud.notices.action_links import ActionGrant, ActionLinks, LinkRefused, Reason, load_or_make_secret
from wire.errors import ConfigError, EgretError

OLD, NEW, STRANGE = b"o" * 32, b"n" * 32, b"s" * 32
BASE = "https://egret.example/"
NUMBER, CREW = "20261124-00001", "思明区城市管理局 林建国"
NONCE = bytes(range(16))
NOW_NS = 1_795_479_300 * 10**9
"""2026-11-24 08:15 in Xiamen."""
HOUR_NS = 3_600 * 10**9
LINKS = ActionLinks([NEW], BASE)


def token_of(url: str) -> str:
    """What stands behind /l/."""
    return url.removeprefix(BASE + "l/")


def issued(links: ActionLinks = LINKS, expires_ns: int = NOW_NS + HOUR_NS) -> str:
    """A token for one hour."""
    return token_of(links.issue(NUMBER, CREW, expires_ns, NONCE))


def refused(token: str, links: ActionLinks = LINKS, now_ns: int = NOW_NS) -> Reason:
    """Why it does not open."""
    with pytest.raises(LinkRefused) as caught:
        links.open(token, now_ns)
    assert caught.value.fix
    return caught.value.reason


@given(
    number=st.text(max_size=40),
    recipient=st.text(max_size=60),
    nonce=st.binary(min_size=16, max_size=16),
    life_ns=st.integers(1, 2**62),
)
@example(NUMBER, "Ώ🦢\x00\u202e", NONCE, 1)
def test_what_is_issued_opens(number: str, recipient: str, nonce: bytes, life_ns: int) -> None:
    """Whatever the names, also with right-to-left marks and emoji, the grant is what was put in."""
    url = LINKS.issue(number, recipient, NOW_NS + life_ns, nonce)
    assert url.startswith(BASE + "l/")
    assert LINKS.open(token_of(url), NOW_NS) == ActionGrant(number, recipient, NOW_NS + life_ns, nonce)


def test_a_usual_link_is_short() -> None:
    """Unit and person in Chinese: at most 300 characters, none of which an address must escape."""
    url = LINKS.issue(NUMBER, "厦门市思明区城市管理行政执法局鼓浪屿中队 林建国、陈美玲", NOW_NS + HOUR_NS, NONCE)
    assert len(url) <= 300
    assert token_of(url).replace("-", "").replace("_", "").isalnum()


def test_a_changed_character_is_refused_at_every_position() -> None:
    """Each character replaced by each other one of the alphabet: not ours or damaged, never opened."""
    token = issued()
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    for position, character in enumerate(token):
        for other in alphabet.replace(character, ""):
            changed = token[:position] + other + token[position + 1 :]
            assert refused(changed) in {Reason.FOREIGN, Reason.DAMAGED}


def test_a_changed_bit_is_refused_at_every_position() -> None:
    """Each of the token's bits turned over by itself."""
    raw = base64.urlsafe_b64decode(issued() + "=" * (-len(issued()) % 4))
    for bit in range(len(raw) * 8):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        token = base64.urlsafe_b64encode(changed).rstrip(b"=").decode()
        assert refused(token) in {Reason.FOREIGN, Reason.DAMAGED}


@pytest.mark.parametrize("life_characters", [0, 1, 50, -1])
def test_cut_off(life_characters: int) -> None:
    """A chat program that cuts the address leaves a link that does not open."""
    assert refused(issued()[:life_characters]) in {Reason.FOREIGN, Reason.DAMAGED}


@pytest.mark.parametrize("extra", ["=", "==", "\n", " ", ".", "A", "AAAA", "。", "?x=1"])
def test_written_in_another_way(extra: str) -> None:
    """Padding, white space, a full stop or more behind the token make it another token."""
    assert refused(issued() + extra) in {Reason.FOREIGN, Reason.DAMAGED}


@given(st.text(max_size=1_000))
@example("A" * 100)
@example("AQ" + "A" * 100)
def test_noise_is_refused(noise: str) -> None:
    """Any text is refused with our own error."""
    assert refused(noise) in {Reason.FOREIGN, Reason.DAMAGED}


def test_a_long_token_costs_nothing() -> None:
    """10 MB of token are refused by their length."""
    assert refused("A" * 10_000_000) is Reason.DAMAGED


def test_expires() -> None:
    """A link for one hour opens a nanosecond before it is over, and not at its end."""
    token = issued()
    assert LINKS.open(token, NOW_NS + HOUR_NS - 1)
    assert refused(token, now_ns=NOW_NS + HOUR_NS) is Reason.EXPIRED


def test_a_forger_does_not_learn_that_a_link_expired() -> None:
    """A changed link that has expired, too, is told to be not ours."""
    token = issued()
    assert refused(token[:-6] + "AAAAAA", now_ns=NOW_NS + 2 * HOUR_NS) is Reason.FOREIGN


def test_the_year_2262() -> None:
    """The last nanosecond that 63 bits hold is an end like any other."""
    token = issued(expires_ns=2**63 - 1)
    assert LINKS.open(token, 2**63 - 2).expires_ns == 2**63 - 1


@pytest.mark.parametrize("secret", [STRANGE, bytes(32)])
def test_a_foreign_key(secret: bytes) -> None:
    """A link of another city's Egret is not ours, nor one signed with zeros, as a missing key might be taken for."""
    assert refused(issued(ActionLinks([secret], BASE))) is Reason.FOREIGN


def test_a_foreign_key_under_our_name() -> None:
    """Somebody who knows a key's id, which every link tells, still cannot sign."""
    ours, strange = issued(), issued(ActionLinks([STRANGE], BASE))
    assert refused(ours[:8] + strange[8:]) in {Reason.FOREIGN, Reason.DAMAGED}


def test_keys_are_rotated() -> None:
    """After rotation old links open, new ones carry the new key, and without the old key old ones are not ours."""
    before, both = ActionLinks([OLD], BASE), ActionLinks([NEW, OLD], BASE)
    assert both.open(issued(before), NOW_NS).number == NUMBER
    assert LINKS.open(issued(both), NOW_NS).number == NUMBER
    assert refused(issued(both), before) is Reason.FOREIGN
    assert refused(issued(before), LINKS) is Reason.FOREIGN


def test_the_refusals_are_for_people() -> None:
    """What somebody on the street reads says what to do, and nothing of signatures or payloads."""
    for reason in Reason:
        said = str(LinkRefused(reason))
        assert "fix:" in said
        assert "E-LINKS-00" in said
        assert "sign" not in said


def test_names_too_long_for_a_link() -> None:
    """1 000 characters of recipient are refused when the link is issued, not when it is opened."""
    with pytest.raises(EgretError, match="E-LINKS-004"):
        LINKS.issue(NUMBER, "厦" * 1_000, NOW_NS + HOUR_NS, NONCE)
    assert LINKS.issue(NUMBER, "厦" * 100, NOW_NS + HOUR_NS, NONCE)


def test_a_base_address_with_and_without_its_slash() -> None:
    """https://egret.example and https://egret.example/ make the same link; a folder stays."""
    assert ActionLinks([NEW], "https://egret.example").issue(NUMBER, CREW, 1, NONCE).startswith(BASE + "l/")
    assert ActionLinks([NEW], BASE + "city").issue(NUMBER, CREW, 1, NONCE).startswith(BASE + "city/l/")


@pytest.mark.parametrize("secrets", [[], [b""], [NEW, b"short"]])
def test_weak_secrets(secrets: list[bytes]) -> None:
    """No secret, an empty one, or one of five bytes beside a good one."""
    with pytest.raises(ConfigError, match="32 bytes"):
        ActionLinks(secrets, BASE)


def test_a_nonce_has_16_bytes() -> None:
    """A shorter nonce could come twice."""
    with pytest.raises(ValueError, match="16 bytes"):
        LINKS.issue(NUMBER, CREW, NOW_NS, b"short")


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """32 random bytes for the owner only (0600), the same at the next start, with nothing left beside them."""
    path = tmp_path / "keys" / "links"
    secret = load_or_make_secret(path)
    assert len(secret) == 32
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert load_or_make_secret(path) == secret
    assert list(path.parent.iterdir()) == [path]
    assert load_or_make_secret(tmp_path / "other") != secret


def test_two_processes_agree_on_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that believed the file missing, while another made it, takes the other's."""
    path = tmp_path / "links"
    secret = load_or_make_secret(path)
    monkeypatch.setattr(Path, "exists", lambda _: False)
    assert load_or_make_secret(path) == secret
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_a_secret_that_everybody_may_use(tmp_path: Path, mode: int) -> None:
    """A world-readable or world-writable secret is refused, with its mode."""
    path = tmp_path / "links"
    load_or_make_secret(path)
    path.chmod(mode)
    with pytest.raises(ConfigError, match=f"{mode:04o}"):
        load_or_make_secret(path)


def test_a_secret_for_a_group(tmp_path: Path) -> None:
    """Mode 0440, as a container's mounted secret has it, is good."""
    path = tmp_path / "links"
    secret = load_or_make_secret(path)
    path.chmod(0o440)
    assert load_or_make_secret(path) == secret


def test_a_secret_that_cannot_be_used(tmp_path: Path) -> None:
    """An empty file, a folder in its place, a file where its folder should be: each is said with its path."""
    (tmp_path / "empty").touch(mode=0o600)
    (tmp_path / "folder").mkdir()
    for path in (tmp_path / "empty", tmp_path / "folder", tmp_path / "empty" / "links"):
        with pytest.raises(ConfigError, match=str(path)):
            load_or_make_secret(path)
