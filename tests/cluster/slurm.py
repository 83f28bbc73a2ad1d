"""A Slurm with one node, from Debian's packages and without systemd.

All state is in one folder, addresses are the loopback's with free ports, and the daemons are child processes.
"""

import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from string import Template

import pytest

PROGRAMS = ["munged", "mariadbd", "mariadb", "mariadb-install-db"]
PROGRAMS += ["slurmdbd", "slurmctld", "slurmd", "sbatch", "sacct"]
PATH = f"{os.environ['PATH']}:/usr/sbin"
CONFIGURATION = Path(__file__).parent

MISSING = [name for name in PROGRAMS if shutil.which(name, path=PATH) is None]

needs_slurm = [
    pytest.mark.cluster,
    pytest.mark.workflow,
    pytest.mark.slow,
    pytest.mark.skipif(
        bool(MISSING), reason=f"not installed: {', '.join(MISSING)} (.ci/run names the packages)"
    ),
    pytest.mark.skipif(os.geteuid() != 0, reason="only root may start a Slurm"),
]


def wait_for(condition: Callable[[], object], what: str, seconds: float = 60.0) -> None:
    """Look five times a second whether a condition holds; raise TimeoutError if it never does."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(0.2)


class Slurm:
    """The cluster: `start`, `stop`, and what tests ask it."""

    def __init__(self, root: Path, account: str, partition: str):
        self.root, self.account, self.partition = root, account, partition
        self.daemons: dict[str, subprocess.Popen] = {}
        self.environment = os.environ | {
            "PATH": f"{root / 'bin'}:{PATH}",
            "SLURM_CONF": str(root / "slurm.conf"),
            "MYSQL_UNIX_PORT": str(root / "db.socket"),
        }

    def start(self) -> None:
        """Bring up authentication, accounting, controller and node."""
        for folder in ("bin", "log", "spool", "state", "tmp"):
            (self.root / folder).mkdir()
        self._write_configuration()
        self._write_commands_for_jobs()
        self._start_authentication()
        self._start_database()
        self._start_accounting()
        self._start("slurmctld", "-D", "-i")
        wait_for(lambda: self._works("scontrol", "ping"), "slurmctld answers")
        self._start_node()

    def stop(self) -> None:
        """End all jobs, then the daemons, the last one first."""
        try:
            if "slurmctld" in self.daemons:
                self.call("scancel", "--user=root")
                wait_for(lambda: not self.call("squeue", "--noheader"), "all jobs end")
        finally:
            for name in reversed(list(self.daemons)):
                self._stop(name)

    @contextmanager
    def no_node(self) -> Iterator[None]:
        """Stop slurmd for a block; the processes of running jobs stay."""
        self._stop("slurmd")
        try:
            yield
        finally:
            self._start_node()

    def call(self, *command: str) -> str:
        """Return what a command of Slurm prints."""
        done = subprocess.run(command, env=self.environment, text=True, capture_output=True)
        assert done.returncode == 0, f"{' '.join(command)}: {done.stderr}"
        return done.stdout.strip()

    def ended(self, folder: Path, comment: str = "") -> list[dict[str, str]]:
        """Return the jobs of a working folder that have ended and whose comment has a text, in order."""
        fields = ("JobID", "State", "ReqMem", "TimelimitRaw", "Comment", "WorkDir")
        table = self.call("sacct", "-X", "-n", "-P", "-S", "now-1days", "-o", ",".join(fields))
        rows = [dict(zip(fields, line.split("|"), strict=True)) for line in table.splitlines()]
        ended = [row for row in rows if row["State"] not in ("PENDING", "RUNNING", "COMPLETING")]
        return [row for row in ended if row["WorkDir"] == str(folder) and comment in row["Comment"]]

    def running(self, folder: Path, comment: str) -> list[str]:
        """Return the numbers of the jobs of a working folder that run and whose comment has a text."""
        table = self.call("squeue", "--noheader", "--states=RUNNING", "--format=%i|%Z|%k")
        rows = [line.split("|") for line in table.splitlines()]
        return [number for number, place, said in rows if place == str(folder) and comment in said]

    def _write_configuration(self) -> None:
        controller, node, accounting = free_ports(3)
        values = {
            "root": self.root,
            "host": socket.gethostname().split(".")[0],
            "partition": self.partition,
            "controller_port": controller,
            "node_port": node,
            "accounting_port": accounting,
            "cpus": 4,
            "memory": os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20,
        }
        for name in ("slurm.conf", "slurmdbd.conf"):
            text = Template((CONFIGURATION / name).read_text(encoding="utf-8")).substitute(values)
            (self.root / name).write_text(text, encoding="utf-8")
            (self.root / name).chmod(0o600)  # slurmdbd insists

    def _write_commands_for_jobs(self) -> None:
        """Put commands first in the path that find Slurm where the plugin unsets SLURM_CONF: in a job."""
        for name in ("srun", "scontrol"):
            command = self.root / "bin" / name
            real = shutil.which(name, path=PATH)
            command.write_text(
                f'#!/bin/sh\nSLURM_CONF={self.root}/slurm.conf exec {real} "$@"\n', encoding="utf-8"
            )
            command.chmod(0o755)

    def _start_authentication(self) -> None:
        key, place = self.root / "munge.key", f"--socket={self.root}/munge.socket"
        key.write_bytes(secrets.token_bytes(1024))
        key.chmod(0o400)
        files = {"key-file": key, "pid-file": "munge.pid", "log-file": "log/munge", "seed-file": "munge.seed"}
        options = [f"--{option}={self.root / path}" for option, path in files.items()]
        self._start("munged", "--foreground", "--force", place, *options)  # below a folder that all may write
        wait_for(lambda: self._works("munge", "-n", place), "munged answers")

    def _start_database(self) -> None:
        folders = f"--datadir={self.root / 'db'}", f"--tmpdir={self.root / 'tmp'}"
        root = ("--user=root", "--auth-root-authentication-method=normal")
        self.call("mariadb-install-db", "--no-defaults", *folders, *root, "--skip-test-db")
        options = ("--user=root", f"--socket={self.root / 'db.socket'}", "--skip-networking")
        sizes = ("--innodb-buffer-pool-size=64M", "--innodb-lock-wait-timeout=900")
        self._start("mariadbd", "--no-defaults", *folders, *options, *sizes)
        client = ("mariadb", "--no-defaults", "--user=root", "--execute")
        wait_for(lambda: self._works(*client, "SELECT 1"), "mariadbd answers")
        self.call(*client, "CREATE DATABASE accounting")

    def _start_accounting(self) -> None:
        self._start("slurmdbd", "-D")
        wait_for(lambda: self._works("sacctmgr", "-n", "show", "cluster"), "slurmdbd answers")
        account = f"Account={self.account}"
        self.call("sacctmgr", "-i", "add", "cluster", "sandbox")
        self.call("sacctmgr", "-i", "add", "account", self.account, "Cluster=sandbox")
        self.call("sacctmgr", "-i", "add", "user", "root", account, f"Default{account}")

    def _start_node(self) -> None:
        self._start("slurmd", "-D")
        states = ("idle", "mixed", "allocated")
        wait_for(lambda: self.call("sinfo", "-h", "-o", "%T") in states, "the node is up")

    def _start(self, name: str, *arguments: str) -> None:
        with open(self.root / "log" / name, "ab") as log:
            self.daemons[name] = subprocess.Popen(
                [shutil.which(name, path=PATH), *arguments],
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def _stop(self, name: str) -> None:
        daemon = self.daemons.pop(name)
        daemon.terminate()
        try:
            daemon.wait(timeout=20)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _works(self, *command: str) -> bool:
        return subprocess.run(command, env=self.environment, capture_output=True).returncode == 0


def free_ports(count: int) -> list[int]:
    """Return ports of the loopback address that nothing listens on."""
    servers = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [server.getsockname()[1] for server in servers]
    for server in servers:
        server.close()
    return ports
