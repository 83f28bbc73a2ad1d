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
    return checkout, driver, checkout.wait_until_running("patient")


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
    checkout.slurm.stop_node()
    (checkout.root / "go").touch()
    wait_for((checkout.root / RUN).exists, "the job ends")
    checkout.slurm.start_node()
    checkout.finish(driver)
    (only,) = checkout.attempts("patient", 1)
    assert (only["JobID"], only["State"]) == (job, "COMPLETED")


def test_snakemake_killed_is_started_again(waiting):
    checkout, driver, job = waiting
    driver.kill()
    driver.wait()
    assert checkout.wait_until_running("patient") == job
    assert "--unlock" in checkout.run(CURVE, status=1)
    checkout.run("--unlock")
    second = checkout.start(CURVE)
    assert checkout.wait_until_running("patient")
    (checkout.root / "go").touch()
    checkout.finish(second)
    assert [found["State"] for found in checkout.attempts("patient", 2)] == ["COMPLETED"] * 2
    assert "Nothing to be done" in checkout.run(CURVE)
