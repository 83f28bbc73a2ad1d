import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from checkouts import ROOT, Checkout, copy_repository
from cluster.slurm import Slurm, wait_for

EXAMPLE = Path(__file__).parent / "example"
POLL = ("--slurm-init-seconds-before-status-checks", "3")


class ClusterCheckout(Checkout):
    """A checkout whose jobs go to Slurm."""

    def __init__(self, root, slurm):
        super().__init__(root)
        self.slurm = slurm
        self.drivers = []

    def environment(self, compiled=False):
        """Return an environment in which `snakemake` and the commands of Slurm are found."""
        environment = super().environment(compiled) | self.slurm.environment
        environment["PATH"] = f"{self.slurm.root / 'bin'}:{Path(sys.executable).parent}:{environment['PATH']}"
        return environment

    def start(self, *targets, compiled=False):
        """Start Snakemake as users do, and return its process."""
        command, environment = (
            ["snakemake", "--profile", "slurm", *targets, *POLL],
            self.environment(compiled),
        )
        with open(self.root / "told", "w", encoding="utf-8") as told:
            driver = subprocess.Popen(command, cwd=self.root, env=environment, stdout=told, stderr=told)
        self.drivers.append(driver)
        return driver

    def finish(self, driver, status=0, seconds=900):
        """Wait for the end of Snakemake and return what it said."""
        try:
            driver.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            pytest.fail(f"Snakemake does not end:\n{self.told()}")
        assert driver.returncode == status, self.told()
        return self.told()

    def told(self):
        """Return what the last Snakemake has said so far."""
        return (self.root / "told").read_text(encoding="utf-8")

    def run(self, *targets, status=0, compiled=False, seconds=900):
        """Run Snakemake to its end and return what it said."""
        return self.finish(self.start(*targets, compiled=compiled), status, seconds)

    def wait_until_running(self, experiment):
        """Wait for the job that simulates an experiment and return its number."""

        def running():
            assert self.drivers[-1].poll() in (None, -signal.SIGKILL), self.told()
            return self.slurm.running(self.root, f"simulate_wildcards_{experiment}")

        wait_for(running, f"{experiment} runs")
        return running()[0]

    def attempts(self, experiment, count):
        """Wait until so many jobs that simulated an experiment are accounted for, and return them."""

        def ended():
            return self.slurm.ended(self.root, f"simulate_wildcards_{experiment}")

        wait_for(lambda: len(ended()) >= count, f"{count} jobs of {experiment} in the accounting")
        return ended()


@pytest.fixture(scope="session")
def slurm(tmp_path_factory):
    """The cluster, with the account and the partition of the profile."""
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    asked = profile["default-resources"]
    cluster = Slurm(tmp_path_factory.mktemp("slurm"), asked["slurm_account"], asked["slurm_partition"])
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()
    shutil.rmtree(cluster.root)


@pytest.fixture(scope="module")
def checkouts(slurm, tmp_path_factory):
    """A function that makes a checkout for the cluster; what is started in it ends with the module."""
    made = []

    def make(config):
        root = tmp_path_factory.mktemp("cluster") / "checkout"
        copy_repository(root, config)
        made.append(ClusterCheckout(root, slurm))
        return made[-1]

    yield make
    for driver in [driver for checkout in made for driver in checkout.drivers if driver.poll() is None]:
        driver.kill()
        driver.wait()


@pytest.fixture(scope="module")
def make_trouble(checkouts):
    """A function that makes a checkout with the experiments of the example."""

    def make():
        checkout = checkouts(EXAMPLE / "config")
        scripts = checkout.root / "workflow" / "scripts"
        shutil.copy(EXAMPLE / "simulate.py", scripts)
        return checkout

    return make
