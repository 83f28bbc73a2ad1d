"""What happens to a running job, to its node or to Snakemake does not lose work."""

import pytest

from cluster.slurm import needs_slurm, wait_for

pytestmark = needs_slurm

CURVE, RUN = "results/curves/patient.h5", "results/runs/patient/ode/learning_rate~0.5.h5"


@pytest.fixture
def waiting(make_trouble):
    """A checkout, its Snakemake, and the number of its job, which waits for the file `go`."""
    checkout = make_trouble()
    driver = checkout.start(CURVE)
    job = checkout.wait_until_running("patient")
    wait_for((checkout.root / "waits").exists, "the script runs")
    return checkout, driver, job


def test_a_cancelled_job_is_sent_again(waiting):
    checkout, driver, job = waiting
    checkout.slurm.call("scancel", job)
    (checkout.root / "go").touch()
    assert f"SLURM-job '{job}' failed, SLURM status is: 'CANCELLED" in checkout.finish(driver)
    first, second = checkout.attempts("patient", 2)
    assert first["JobID"] == job
    assert second["State"] == "COMPLETED"


def test_a_job_outlives_its_node_daemon(waiting):
    checkout, driver, job = waiting
    with checkout.slurm.no_node():
        (checkout.root / "go").touch()
        wait_for((checkout.root / RUN).exists, "the job ends")
    checkout.finish(driver)
    (only,) = checkout.attempts("patient", 1)
    assert (only["JobID"], only["State"]) == (job, "COMPLETED")


@pytest.fixture
def orphan(waiting):
    """A checkout whose Snakemake was killed while its job runs, and the number of the job."""
    checkout, driver, job = waiting
    driver.kill()
    driver.wait()
    assert "--unlock" in checkout.run(CURVE, status=1)
    checkout.run("--unlock")
    assert running(checkout) == [job]
    return checkout, job


def running(checkout):
    return checkout.slurm.running(checkout.root, "simulate")


def test_snakemake_killed_is_started_again_while_its_job_runs(orphan):
    checkout, _ = orphan
    driver = checkout.start(CURVE)
    wait_for(lambda: len(running(checkout)) == 2, "the job is sent again")
    (checkout.root / "go").touch()
    checkout.finish(driver)
    assert [job["State"] for job in checkout.attempts("patient", 2)] == ["COMPLETED"] * 2
    assert "Nothing to be done" in checkout.run(CURVE)


def test_what_ends_without_snakemake_is_not_made_again(orphan):
    checkout, job = orphan
    (checkout.root / "go").touch()
    wait_for(lambda: not running(checkout), "the job ends")
    checkout.run(CURVE)
    assert [ended["JobID"] for ended in checkout.attempts("patient", 1)] == [job]
