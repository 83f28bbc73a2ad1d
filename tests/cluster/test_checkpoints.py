"""A job that needs more time than it may have goes on where the attempt before was ended."""

from cluster.slurm import needs_slurm, wait_for

pytestmark = needs_slurm

RUNS = "results/runs/long/network/all.h5"
LOG = "results/logs/simulate/long/network/all.log"


def test_the_second_attempt_goes_on_from_the_checkpoints_of_the_first(make_trouble):
    checkout = make_trouble()
    asked = "set-resources: {simulate: {runtime: 2 * attempt}}"
    checkout.edit("profiles/slurm/config.yaml", "retries:", f"{asked}\nretries:")
    checkout.edit("profiles/slurm/config.yaml", "TERM@60", "TERM@30")
    driver = checkout.start(RUNS)
    wait_for(lambda: checkout.slurm.ended(checkout.root), "the first attempt is ended", seconds=240)
    told = checkout.finish(driver)
    _, second = checkout.attempts("long", 2)
    assert second["State"] == "COMPLETED"
    assert "error: ended by SIGTERM; the same call resumes from" in told
    assert "the run resumes from t = " in (checkout.root / LOG).read_text(encoding="utf-8")
    assert not list((checkout.root / "results" / "runs").rglob("*.checkpoints"))
    interrupted = checkout.results()
    checkout.snakemake(RUNS, "--cores", "1", "--force")
    assert checkout.results() == interrupted
