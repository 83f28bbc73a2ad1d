"""Jobs that need more than they ask for, and one that fails whatever it gets, beside one without trouble."""

import pytest

from cluster.slurm import needs_slurm

pytestmark = needs_slurm

EXPERIMENTS = ("plain", "hungry", "slow", "broken")
CURVES = [f"results/curves/{name}.h5" for name in EXPERIMENTS]


@pytest.fixture(scope="module")
def troubled(make_trouble):
    """A checkout after a call in which one job failed, and what Snakemake said."""
    checkout = make_trouble()
    checkout.edit(
        "profiles/slurm/config.yaml", "retries:", "set-resources: {simulate: {runtime: attempt}}\nretries:"
    )
    checkout.edit("profiles/slurm/config.yaml", "'--signal=TERM@60'", "''")  # a minute is all they have
    (checkout.root / "broken").touch()
    return checkout, checkout.run(*CURVES, status=1)


def test_a_job_without_trouble_runs_once(troubled):
    (job,) = troubled[0].attempts("plain", 1)
    assert (job["State"], job["ReqMem"], job["TimelimitRaw"]) == ("COMPLETED", "1000M", "1")


def test_too_little_memory_is_answered_with_more(troubled):
    first, second = troubled[0].attempts("hungry", 2)
    assert first["State"] in ("FAILED", "OUT_OF_MEMORY")
    assert second["State"] == "COMPLETED"
    assert (first["ReqMem"], second["ReqMem"]) == ("1000M", "2000M")


def test_too_little_time_is_answered_with_more(troubled):
    first, second = troubled[0].attempts("slow", 2)
    assert (first["State"], second["State"]) == ("TIMEOUT", "COMPLETED")
    assert (first["TimelimitRaw"], second["TimelimitRaw"]) == ("1", "2")


def test_a_job_that_always_fails_is_tried_thrice_and_reported(troubled):
    checkout, told = troubled
    assert [job["State"] for job in checkout.attempts("broken", 3)] == ["FAILED"] * 3
    report = told.split("Exiting because a job execution failed")[-1]
    assert report.count("Error in rule") == 1
    assert "Error in rule simulate" in report
    assert "output: results/runs/broken/ode/learning_rate~0.5.h5" in report
    assert "log: results/logs/simulate/broken/ode/learning_rate~0.5.log" in report
    assert "RuntimeError: this job is broken" in report


def test_the_others_go_on(troubled):
    made = sorted(path.stem for path in (troubled[0].root / "results" / "curves").glob("*.h5"))
    assert made == ["hungry", "plain", "slow"]


def test_a_second_call_makes_only_what_is_missing(troubled):
    checkout, _ = troubled
    (checkout.root / "broken").unlink()
    counts, messages = checkout.planned(*CURVES)
    assert counts == {"simulate": 1, "collect": 1}
    assert all("broken" in message for message in messages)
    checkout.run(*CURVES)
    assert checkout.attempts("broken", 4)[-1]["State"] == "COMPLETED"
    assert len(checkout.attempts("plain", 1)) == 1
    assert "Nothing to be done" in checkout.run(*CURVES)
