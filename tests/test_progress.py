import io
from concurrent.futures import ThreadPoolExecutor

import pytest

from teacherstudent.simulation.progress import duration, reporter


@pytest.fixture(autouse=True)
def plain_terminal(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")


class Clock:
    """A clock that goes on when it is told to."""

    now = 100.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


def watch(stream, total_runs, *reports, until, label="label"):
    """Report (time, run, fraction) one after the other, end at `until`."""
    clock = Clock()
    with reporter(total_runs, label, stream, clock) as report:
        for time, run, fraction in reports:
            clock.now = 100.0 + time
            report(run, fraction)
        clock.now = 100.0 + until
    return stream.getvalue()


@pytest.mark.parametrize("stream", [io.StringIO, Terminal])
def test_quick_work_is_silent(stream):
    assert watch(stream(), 1, (0.5, 0, 0.3), (1.9, 0, 1.0), until=1.99) == ""


def test_a_log_has_a_line_now_and_then_and_one_at_the_end():
    reports = [(10.0, 0, 0.1), (40.0, 0, 0.25), (60.0, 0, 0.3), (71.0, 0, 0.5), (90.0, 0, 1.0)]
    assert watch(io.StringIO(), 1, *reports, until=95.0).splitlines() == [
        "label: 25 %, 2 min 30 s left",
        "label: 50 %, 1 min 16 s left",
        "label: done in 1 min 35 s",
    ]


def test_runs_count_equally():
    text = watch(io.StringIO(), 4, (10.0, 2, 1.0), (20.0, 0, 0.5), (40.0, 3, 0.5), until=41.0)
    assert text.splitlines()[0] == "label: 50 %, 1 min 0 s left"


def test_nothing_done_yet_has_no_remaining_time():
    assert watch(io.StringIO(), 1, (50.0, 0, 0.0), until=51.0) == "label: done in 51 s\n"


@pytest.mark.parametrize("finished", [[], [(0.1, 1, 1.0)]])
def test_the_time_of_compilation_is_not_extrapolated(finished):
    """Kernels are compiled for 100 s, also where finished runs come from checkpoints; a piece takes 0.1 s."""
    pieces = [(100.0 + 0.1 * piece, 0, piece / 1000) for piece in range(1, 200)]
    reports = [*finished, (0.2, 0, 0.0), *pieces]
    lines = watch(io.StringIO(), 2, *reports, (150.0, 0, 0.5), until=200.0).splitlines()
    percents = ("50 %", "75 %") if finished else ("0 %", "25 %")
    assert lines[0] == f"label: {percents[0]}"
    seconds = (1.0 if finished else 3.0) * 49.9 * 500 / 499
    assert lines[1] == f"label: {percents[1]}, {duration(seconds)} left"


def test_the_bar_has_no_remaining_time_before_the_first_piece():
    stream, clock = Terminal(), Clock()
    with reporter(1, "label", stream, clock) as report:
        for seconds, fraction in ((50.0, 0.0), (60.0, 0.001)):
            clock.now = 100.0 + seconds
            report(0, fraction)
        assert "left" not in stream.getvalue()


def test_a_failure_is_not_called_done():
    stream, clock = io.StringIO(), Clock()
    with pytest.raises(ZeroDivisionError), reporter(1, "label", stream, clock):
        clock.now += 100.0
        raise ZeroDivisionError
    assert stream.getvalue() == ""


def test_a_terminal_has_a_bar():
    text = watch(Terminal(), 1, (1.0, 0, 0.1), (60.0, 0, 0.5), until=120.0, label="a[b].yaml")
    assert "a[b].yaml" in text
    assert "100%" in text


def test_the_bar_shows_the_remaining_time_and_is_closed_after_a_failure():
    stream, clock = Terminal(), Clock()
    with pytest.raises(ZeroDivisionError), reporter(1, "label", stream, clock) as report:
        for fraction in (0.1, 0.5):
            clock.now += 60.0
            report(0, fraction)
        raise ZeroDivisionError
    last = stream.getvalue().splitlines()[-2]
    assert "50%" in last
    assert "1 min 15 s left" in last
    assert stream.getvalue().endswith("\x1b[?25h")  # the cursor is back


def test_several_threads_may_report():
    stream, clock = io.StringIO(), Clock()
    with reporter(50, "label", stream, clock) as report:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda run: [report(run, step / 100) for step in range(101)], range(50)))
        clock.now += 40.0
        report(49, 0.5)
    assert stream.getvalue().splitlines()[0] == "label: 99 %"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0.4, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min 0 s"),
        (80, "1 min 20 s"),
        (3599.7, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (172_799, "47 h 59 min"),
        (172_800, "2 days 0 h"),
        (8052 * 3600 + 22 * 60, "335 days 12 h"),
        (5 * 31_557_600 + 20.5 * 86_400, "5 years 20 days"),
    ],
)
def test_durations_in_words(seconds, words):
    assert duration(seconds) == words
