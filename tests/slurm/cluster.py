"""A real SLURM cluster on this machine, for the tests: nodes with a pretend GPU each, loopback alone.

    python tests/slurm/cluster.py [--accounting] [--nodes N] COMMAND...    runs COMMAND while the cluster is up

COMMAND finds the cluster through the environment variable CLUSTER_FOLDER. Every node is this machine, and claims all of
it. The cluster needs root, and Debian's slurm-wlm and munge; with accounting also slurmdbd and mariadb-server. Its
configuration is /etc/slurm/slurm.conf, as commands inside a job look nowhere else; one of others is never touched.
"""

from __future__ import annotations

import argparse
import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from types import TracebackType

import psutil

CONFIGURATION = Path("/etc/slurm/slurm.conf")
OURS = "# Written by pathgan's tests; it goes when they end."
PACKAGES = ("slurm-wlm", "munge", "slurmdbd", "mariadb-server")
PROGRAMS = ("slurmctld", "slurmd", "munged")
ACCOUNTING_PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db")
CLUSTER_FOLDER = "PATHGAN_TEST_CLUSTER"
START_S = 60.0


def own_node() -> str:
    """That of this worker of pytest-xdist: node1 of gw0, and where there are no workers."""
    return f"node{int(os.environ.get('PYTEST_XDIST_WORKER', 'gw0').removeprefix('gw')) + 1}"


class ClusterError(RuntimeError):
    """The cluster cannot be started here; the message says what is missing."""


class Cluster:
    """A cluster that is up, whoever started it. `folder`: where its daemons keep their files."""

    def __init__(self, folder: Path):
        self.folder = folder
        self.cpus = os.cpu_count() or 1  # of each node

    @property
    def has_accounting(self) -> bool:
        return self.pid_file("slurmdbd").exists()

    # --- daemons --------------------------------------------------------------------------------------------

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """Ends slurmctld or the slurmd of a node, which stays down until `start`."""
        self.hold_file(name).touch()
        with suppress(psutil.NoSuchProcess):
            daemon = psutil.Process(int(self.pid_file(name).read_text()))
            daemon.send_signal(number)
            daemon.wait(30)

    def start(self, name: str) -> None:
        """Starts one that was stopped; it goes on where it was."""
        self.hold_file(name).unlink()

    @contextmanager
    def prolog_fails(self, node: str) -> Iterator[None]:
        """Meanwhile, what `node` does before each job fails."""
        fails = self.folder / f"{node}.fails"
        fails.touch()
        yield
        fails.unlink()

    def pid_file(self, name: str) -> Path:
        return self.folder / f"{name}.process"

    def hold_file(self, name: str) -> Path:
        """While this file is there, the daemon is not started again."""
        return self.folder / f"{name}.hold"

    # --- use by several workers -----------------------------------------------------------------------------

    @contextmanager
    def used(self, alone: bool = False) -> Iterator[None]:
        """Waits until nobody uses the cluster alone, or nobody at all. Later ones wait for one who wants it alone."""
        with (self.folder / "gate").open("w") as gate, (self.folder / "in-use").open("w") as in_use:
            fcntl.flock(gate, fcntl.LOCK_EX)
            fcntl.flock(in_use, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
            fcntl.flock(gate, fcntl.LOCK_UN)
            yield

    # --- questions ------------------------------------------------------------------------------------------

    def do(self, *command: str) -> None:
        """Runs a SLURM command. Raises CalledProcessError where it fails."""
        subprocess.run(command, capture_output=True, check=True, timeout=60)

    def ask(self, *command: str) -> str:
        """The output of a SLURM command; empty where it failed."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        return done.stdout.strip() if done.returncode == 0 else ""

    def wait_until(self, true: Callable[[], object], what: str, timeout_s: float = START_S) -> None:
        end = time.monotonic() + timeout_s
        while not true():
            if time.monotonic() > end:
                raise ClusterError(f"waited for {what}; {self._tails()}")
            time.sleep(0.2)

    def _tails(self) -> str:
        logs = [*self.folder.glob("*.out"), *self.folder.glob("*.log")]
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-800:]}" for path in logs)


class Daemon(threading.Thread):
    """Keeps a daemon of a cluster running, but for as long as a test, in whichever process, holds it."""

    def __init__(self, cluster: Cluster, name: str, command: list[str]):
        super().__init__(daemon=True)
        self._cluster, self._name, self._command = cluster, name, command
        self._ends = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        self.start()

    def run(self) -> None:
        hold = self._cluster.hold_file(self._name)
        while not self._ends.wait(0.1):
            if self._process is None or (self._process.poll() is not None and not hold.exists()):
                self._launch()

    def _launch(self) -> None:
        with (self._cluster.folder / f"{self._name}.out").open("ab") as log:
            self._process = subprocess.Popen(
                # Nothing stays behind when the tests are killed.
                ["setpriv", "--pdeathsig", "TERM", *self._command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._cluster.pid_file(self._name).write_text(str(self._process.pid))

    def end(self) -> None:
        self._ends.set()
        self.join()
        if self._process is not None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class StartedCluster(Cluster):
    """Up within a `with` block. `accounting`: with slurmdbd and MariaDB, so that `sacct` answers.

    Raises ClusterError where a program or root is missing, or a configuration that is not ours is in the way.
    """

    def __init__(self, accounting: bool = False, nodes: int = 1):
        self._accounting = accounting
        self.nodes = [f"node{number}" for number in range(1, nodes + 1)]
        self._clean_up = ExitStack()

    def __enter__(self) -> StartedCluster:
        _check_machine(self._accounting)
        with self._clean_up as stack:
            # One at a time on a machine, as there is one configuration; the next one waits.
            lock = stack.enter_context((Path(tempfile.gettempdir()) / "pathgan-slurm-tests.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            super().__init__(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-"))))
            self.folder.chmod(0o755)  # munged refuses a socket below a folder that others cannot enter
            names = ("slurmctld", "slurmdbd", "mariadbd", *self.nodes)
            self._ports = dict(zip(names, _free_ports(len(names)), strict=True))
            self._configure(stack)
            self._start_munge(stack)
            if self._accounting:
                self._start_accounting(stack)
            self._launch(stack, "slurmctld", ["slurmctld", "-D"])
            for node in self.nodes:
                self._launch(stack, node, ["slurmd", "-D", "-N", node])
            stack.callback(self._cancel_all)
            self.wait_until(lambda: self._states() == {"idle"}, "the nodes to be idle")
            self._clean_up = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clean_up.close()

    def _states(self) -> set[str]:
        return set(self.ask("sinfo", "--Node", "--noheader", "--format=%T").split())

    def _launch(self, stack: ExitStack, name: str, command: list[str]) -> None:
        stack.callback(Daemon(self, name, command).end)

    def _cancel_all(self) -> None:
        subprocess.run(["scancel", "--user", "root", "--signal=KILL"], capture_output=True, timeout=30)
        subprocess.run(["scancel", "--user", "root"], capture_output=True, timeout=30)

    # --- set-up ---------------------------------------------------------------------------------------------

    def _configure(self, stack: ExitStack) -> None:
        for name in ("state", "munge", *(f"spool/{node}" for node in self.nodes)):
            (self.folder / name).mkdir(parents=True)
        self._prolog.write_text(f'#!/bin/sh\ntest ! -e "{self.folder}/$SLURMD_NODENAME.fails"\n')
        self._prolog.chmod(0o755)
        gres = CONFIGURATION.with_name("gres.conf")
        for path, text in ((gres, f"{OURS}\nName=gpu File=/dev/null\n"), (CONFIGURATION, self._slurm_conf())):
            path.write_text(text)
            stack.callback(path.unlink)

    def _slurm_conf(self) -> str:
        host, memory_mb = socket.gethostname(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        accounting = (
            f"AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\n"
            f"AccountingStoragePort={self._ports['slurmdbd']}\nAccountingStoragePass={self._socket}\nAccountingStorageEnforce=associations\n"
            "JobAcctGatherType=jobacct_gather/linux\n"
            if self._accounting
            else "AccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/linux\n"
        )
        nodes = "\n".join(
            f"NodeName={node} NodeHostname={host} NodeAddr=127.0.0.1 Port={self._ports[node]} CPUs={self.cpus} "
            f"RealMemory={memory_mb * 9 // 10} Gres=gpu:1 Feature={node}"
            for node in self.nodes
        )
        return f"""{OURS}
ClusterName=pathgan
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={self._ports["slurmctld"]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={self._socket},cred_expire=5
Prolog={self._prolog}
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool/%n
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/%n.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SwitchType=switch/none
MpiDefault=none
ReturnToService=1
SlurmdTimeout=10
KillWait=20
MinJobAge=600
JobAcctGatherFrequency=5
JobAcctGatherParams=OverMemoryKill
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=1
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
GresTypes=gpu
{accounting}
{nodes}
PartitionName=cpu Nodes=ALL Default=YES MaxTime=UNLIMITED PriorityTier=10
PartitionName=gpu Nodes=ALL MaxTime=UNLIMITED PriorityTier=10
PartitionName=urgent Nodes=ALL MaxTime=UNLIMITED PriorityTier=20 PreemptMode=OFF
PartitionName=scavenge Nodes=ALL MaxTime=UNLIMITED PriorityTier=1 PreemptMode=CANCEL
PartitionName=spare Nodes=ALL MaxTime=UNLIMITED PriorityTier=1 PreemptMode=REQUEUE
PartitionName=brief Nodes=ALL MaxTime=1 PriorityTier=10
"""

    @property
    def _prolog(self) -> Path:
        return self.folder / "prolog"

    @property
    def _socket(self) -> Path:
        return self.folder / "munge" / "socket"

    def _start_munge(self, stack: ExitStack) -> None:
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        files = {name: self.folder / "munge" / name for name in ("log", "pid", "seed")}
        options = [f"--{name}-file={path}" for name, path in {**files, "key": key}.items()]
        self._launch(stack, "munged", ["munged", "--foreground", "--force", f"--socket={self._socket}", *options])
        self.wait_until(self._socket.exists, "munged")

    def _start_accounting(self, stack: ExitStack) -> None:
        data, socket_path = self.folder / "sql", self.folder / "sql.socket"
        subprocess.run(
            [
                "mariadb-install-db",
                "--no-defaults",
                f"--datadir={data}",
                "--user=root",
                "--auth-root-authentication-method=normal",
            ],
            check=True,
            capture_output=True,
        )
        self._launch(
            stack,
            "mariadbd",
            [
                *("mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--socket={socket_path}"),
                *("--bind-address=127.0.0.1", f"--port={self._ports['mariadbd']}", f"--pid-file={self.folder}/sql.pid"),
            ],
        )
        self.wait_until(
            lambda: _answers("mariadb-admin", "--no-defaults", f"--socket={socket_path}", "ping"), "MariaDB"
        )
        conf = CONFIGURATION.with_name("slurmdbd.conf")
        conf.write_text(f"""{OURS}
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={self._ports["slurmdbd"]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={self._socket}
PidFile={self.folder}/slurmdbd.pid
LogFile={self.folder}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={self._ports["mariadbd"]}
StorageUser=root
StorageLoc=slurm
""")
        conf.chmod(0o600)
        stack.callback(conf.unlink)
        self._launch(stack, "slurmdbd", ["slurmdbd", "-D"])
        self.wait_until(lambda: _answers("sacctmgr", "-n", "list", "cluster"), "slurmdbd")
        for entity in (["cluster", "pathgan"], ["account", "pathology"], ["user", "root", "account=pathology"]):
            subprocess.run(["sacctmgr", "-i", "add", *entity], check=True, capture_output=True)


def _check_machine(accounting: bool) -> None:
    if os.geteuid() != 0:
        raise ClusterError("the test cluster needs root: run it as root on a machine of your own, or in a container")
    missing = [name for name in PROGRAMS + (ACCOUNTING_PROGRAMS if accounting else ()) if not shutil.which(name)]
    if missing:
        raise ClusterError(f"not found: {', '.join(missing)}; on Debian: apt-get install {' '.join(PACKAGES)}")
    for path in (CONFIGURATION.with_name(name) for name in ("slurm.conf", "gres.conf", "slurmdbd.conf")):
        if path.exists() and not path.read_text().startswith(OURS):
            raise ClusterError(f"{path} belongs to another cluster: the tests do not touch it")


def _answers(*command: str) -> bool:
    return subprocess.run(command, capture_output=True).returncode == 0


def _free_ports(n: int) -> list[int]:
    """n ports that nobody listens on now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--accounting", action="store_true", help="with slurmdbd and MariaDB")
    parser.add_argument("--nodes", type=int, default=1)
    parser.add_argument("command", nargs=argparse.REMAINDER, help="what runs while the cluster is up")
    options = parser.parse_args()
    try:
        with StartedCluster(options.accounting, options.nodes) as cluster:
            environment = {**os.environ, CLUSTER_FOLDER: str(cluster.folder)}
            return subprocess.run(options.command, env=environment).returncode
    except ClusterError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
