"""Results are kept, read again and compared; what moved is told from noise."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench import plot, quick, report, results
from bench.contract import ENDPOINTS
from bench.errors import BenchError
from bench.peers import BASELINE, OURS, PEERS
from bench.results import PeerResults, Results, Series


def run(ours: list[float], theirs: list[float]) -> Results:
    """A run in which every endpoint of every other server had the same figures."""
    settings = {
        "rounds": len(ours), "seconds": 1, "connections": 32, "load": "wrk", "python": "3.11",
        "node": "20", "commit": "abc", "cores": 2, "memory_gib": 4, "machine_load": 0.5,
    }  # fmt: skip

    def series(rates: list[float]) -> Series:
        times = [1e6 / rate for rate in rates]
        return Series(rates, times, times, times, [1.0] * len(rates), [0] * len(rates))

    return Results(
        settings,
        {
            peer.name: PeerResults(
                peer.title,
                {each.name: series(ours if peer.name == OURS else theirs) for each in ENDPOINTS},
                starts_ms=[400.0],
                memory_idle=[50.0],
                memory_loaded=[60.0 if peer.name == OURS else 90.0],
            )
            for peer in PEERS
        },
    )


def moved(then: Results, now: Results) -> set[tuple[str, str]]:
    return {(each.endpoint, each.reference) for each in quick.compared(then, now) if each.has_moved}


def test_what_is_slower_in_every_round_has_moved() -> None:
    """Against each reference, and it is said."""
    then = run([100, 110, 105], [50, 55, 52])
    now = run([60, 66, 63], [50, 55, 52])
    assert len(moved(then, now)) == len(ENDPOINTS) * len(quick.REFERENCES)
    told = "\n".join(quick.lines(list(quick.compared(then, now)), then))
    assert "SLOWER: GET /users/{id}, -40%" in told
    assert "faster" not in told


def test_an_accident_of_one_round_hides_nothing() -> None:
    """One bad round of six that were kept, or of those now, leaves the others to tell."""
    then = run([100, 50, 104, 98, 102, 101], [50] * 6)
    now = run([80, 78, 130, 81, 79], [50] * 5)
    assert len(moved(then, now)) == len(ENDPOINTS) * len(quick.REFERENCES)


def test_noise_has_not_moved() -> None:
    """Rounds that lie among each other, however far apart, and a difference of next to nothing."""
    then = run([100, 150, 105], [50, 50, 50])
    assert moved(then, run([80, 120, 82], [50, 50, 50])) == set()
    steady = run([100, 100, 100], [50, 50, 50])
    assert moved(steady, run([103, 103, 103], [50, 50, 50])) == set()
    told = list(quick.lines(list(quick.compared(steady, steady)), steady))
    assert told[-1] == "Nothing moved by more than the noise."


def test_a_machine_that_is_slower_for_all_has_not_moved() -> None:
    """Both sides of a ratio are of the same minute."""
    assert moved(run([100, 110], [50, 55]), run([10, 11], [5, 5.5])) == set()


def test_what_cannot_be_compared_is_said() -> None:
    """A reference that is not there is an error; another Python, or machine, is told of."""
    then, now = run([100, 110], [50, 55]), run([100, 110], [50, 55])
    assert list(quick.other_ground(then, now)) == []
    then.settings["python"] = "3.13"
    (told,) = quick.other_ground(then, now)
    assert "python was 3.13" in told
    then.peers.pop(quick.REFERENCES[0])
    with pytest.raises(BenchError, match=quick.REFERENCES[0]):
        list(quick.compared(then, now))


def test_results_are_read_as_they_were_kept(tmp_path: Path) -> None:
    """To three digits."""
    file = tmp_path / "results.json"
    kept = run([100.12345, 200], [50, 60])
    results.save(kept, file)
    read = results.read(file)
    assert read.peers[OURS].endpoints["user"].per_second == [100.123, 200]
    assert read.peers.keys() == kept.peers.keys()
    file.write_text("{}", encoding="utf-8")
    with pytest.raises(BenchError, match="make bench"):
        results.read(tmp_path / "none.json")


def test_aims_are_met_or_missed() -> None:
    """By the median of the ratios."""
    fast = report.aims_met(run([300, 300], [100, 100]))
    slow = report.aims_met(run([10, 10], [100, 100]))
    assert "**no**" not in fast
    assert slow.count("**no**") >= len(ENDPOINTS)


def test_the_page_and_the_picture_show_every_server() -> None:
    """The picture is XML, and has a bar for each server and endpoint."""
    measured = run([100, 110], [50, 55])
    page = report.page(measured, "picture.svg")
    root = ElementTree.fromstring(plot.svg(measured))  # noqa: S314  # our own text
    bars = root.findall("{http://www.w3.org/2000/svg}rect")
    assert len(bars) == 1 + len(PEERS) * len(ENDPOINTS)
    assert all(peer.title in page for peer in PEERS)
    assert BASELINE in measured.peers
