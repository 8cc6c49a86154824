"""The soak bench tells what grows from what rises and falls."""

from bench.result import Result
from bench.soak import OURS, Look, Looks, judged

SECONDS = 1_800
MIB_H = 1 / 3600


def soaked(growth_mib_h: float, tooth_s: int) -> Result:
    """Of half an hour in which the cloud grows, and its store holds 3 MiB more at the end of each tooth."""
    looks = Looks()
    for time_s in range(0, SECONDS, 5):
        saw = time_s % tooth_s / tooth_s
        rss_mib = 200 + growth_mib_h * MIB_H * time_s + 3 * saw
        for role in (*OURS, "broker"):
            looks.processes[role, role].append(Look(time_s, rss_mib if role == "cloud" else 40.0, 23))
        looks.log.append((time_s, round(saw * 2**21)))
    return judged(looks, 118, SECONDS)


def test_a_saw_is_no_growth() -> None:
    """Teeth of 100 s and 3 MiB, on level ground: met, and no word of doubt."""
    result = soaked(0.0, tooth_s=100)
    assert result.goals["cloud_growth"].met
    assert (result.figures["store_teeth"], result.notes) == (11, ())


def test_growth_under_a_saw_is_seen() -> None:
    """3 MiB an hour beneath the same teeth."""
    assert not soaked(3.0, tooth_s=100).goals["cloud_growth"].met


def test_a_line_over_one_tooth_is_doubted() -> None:
    """Teeth of 800 s: whatever the line says, a note says that it means nothing."""
    result = soaked(0.0, tooth_s=800)
    assert [note for note in result.notes if "says nothing" in note]
