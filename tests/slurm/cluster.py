"""A real SLURM cluster of one node on this machine, for the tests: two partitions, one pretend GPU, loopback alone.

    python -m tests.slurm.cluster [--accounting] COMMAND...    runs COMMAND while the cluster is up

It needs root, and Debian's slurm-wlm and munge; with accounting also slurmdbd and mariadb-server. Its configuration is
/etc/slurm/slurm.conf, as commands inside a job look nowhere else; one that is not ours is never touched.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType

CONFIGURATION = Path("/etc/slurm/slurm.conf")
OURS = "# Written by pathgan's tests; it goes when they end."
PACKAGES = ("slurm-wlm", "munge", "slurmdbd", "mariadb-server")
PROGRAMS = ("slurmctld", "slurmd", "munged")
ACCOUNTING_PROGRAMS = ("slurmdbd", "mariadbd", "mariadb-install-db")
NODE = "node1"
START_S = 60.0


class ClusterError(RuntimeError):
    """The cluster cannot be started here; the message says what is missing."""


class Cluster:
    """Up within a `with` block. `accounting`: with slurmdbd and MariaDB, so that `sacct` answers.

    Raises ClusterError where a program or root is missing, or a configuration that is not ours is in the way.
    """

    def __init__(self, accounting: bool = False, cpus: int | None = None):
        self.accounting = accounting
        self.cpus = cpus or os.cpu_count() or 1
        self._clean_up = ExitStack()
        self._daemons: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Cluster:
        _check_machine(self.accounting)
        with self._clean_up as stack:
            # One at a time on a machine, as there is one configuration; the next one waits.
            lock = stack.enter_context((Path(tempfile.gettempdir()) / "pathgan-slurm-tests.lock").open("w"))
            fcntl.flock(lock, fcntl.LOCK_EX)
            self.folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slurm-")))
            self.folder.chmod(0o755)  # munged refuses a socket below a folder that others cannot enter
            self._ports = dict(zip(("ctld", "d", "dbd", "sql"), _free_ports(4), strict=True))
            self._configure(stack)
            stack.callback(self._stop_all)
            self._start_munge()
            if self.accounting:
                self._start_accounting(stack)
            self.start("slurmctld")
            self.start("slurmd")
            self.wait_until(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%T"), "the node to be idle")
            self._clean_up = stack.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clean_up.close()

    # --- daemons --------------------------------------------------------------------------------------------

    def start(self, name: str) -> None:
        """Starts slurmctld or slurmd; both come back after `stop` where they were."""
        options = {"slurmctld": ["-D"], "slurmd": ["-D", "-N", NODE]}[name]
        self._launch(name, [name, *options])

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        daemon = self._daemons.pop(name)
        daemon.send_signal(number)
        try:
            daemon.wait(30)
        except subprocess.TimeoutExpired:
            daemon.kill()
            daemon.wait()

    def _launch(self, name: str, command: list[str], **options: object) -> None:
        log = (self.folder / f"{name}.out").open("ab")
        with log:
            self._daemons[name] = subprocess.Popen(
                # Nothing stays behind when the tests are killed.
                ["setpriv", "--pdeathsig", "TERM", *command],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
                **options,
            )  # type: ignore[call-overload]

    def _stop_all(self) -> None:
        if "slurmctld" in self._daemons:
            subprocess.run(["scancel", "--user", "root", "--signal=KILL"], capture_output=True, timeout=30)
            subprocess.run(["scancel", "--user", "root"], capture_output=True, timeout=30)
        for name in ("slurmd", "slurmctld", "slurmdbd", "mariadbd", "munged"):
            if name in self._daemons:
                self.stop(name)

    # --- set-up ---------------------------------------------------------------------------------------------

    def _configure(self, stack: ExitStack) -> None:
        for name in ("state", "spool", "munge"):
            (self.folder / name).mkdir()
        gres = CONFIGURATION.with_name("gres.conf")
        for path, text in ((gres, f"{OURS}\nName=gpu File=/dev/null\n"), (CONFIGURATION, self._slurm_conf())):
            path.write_text(text)
            stack.callback(path.unlink)

    def _slurm_conf(self) -> str:
        host, memory_mb = socket.gethostname(), os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 20
        accounting = (
            f"AccountingStorageType=accounting_storage/slurmdbd\nAccountingStorageHost=127.0.0.1\n"
            f"AccountingStoragePort={self._ports['dbd']}\nAccountingStoragePass={self._socket}\nAccountingStorageEnforce=associations\n"
            "JobAcctGatherType=jobacct_gather/linux\n"
            if self.accounting
            else "AccountingStorageType=accounting_storage/none\nJobAcctGatherType=jobacct_gather/linux\n"
        )
        return f"""{OURS}
ClusterName=pathgan
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={self._ports["ctld"]}
SlurmdPort={self._ports["d"]}
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={self._socket},cred_expire=5
StateSaveLocation={self.folder}/state
SlurmdSpoolDir={self.folder}/spool
SlurmctldPidFile={self.folder}/slurmctld.pid
SlurmdPidFile={self.folder}/slurmd.pid
SlurmctldLogFile={self.folder}/slurmctld.log
SlurmdLogFile={self.folder}/slurmd.log
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
NodeName={NODE} NodeHostname={host} NodeAddr=127.0.0.1 CPUs={self.cpus} RealMemory={memory_mb * 9 // 10} Gres=gpu:1
PartitionName=cpu Nodes={NODE} Default=YES MaxTime=UNLIMITED PriorityTier=10
PartitionName=gpu Nodes={NODE} MaxTime=UNLIMITED PriorityTier=10
PartitionName=urgent Nodes={NODE} MaxTime=UNLIMITED PriorityTier=20 PreemptMode=OFF
PartitionName=scavenge Nodes={NODE} MaxTime=UNLIMITED PriorityTier=1 PreemptMode=CANCEL
PartitionName=spare Nodes={NODE} MaxTime=UNLIMITED PriorityTier=1 PreemptMode=REQUEUE
PartitionName=brief Nodes={NODE} MaxTime=1 PriorityTier=10
"""

    @property
    def _socket(self) -> Path:
        return self.folder / "munge" / "socket"

    def _start_munge(self) -> None:
        key = self.folder / "munge" / "key"
        key.write_bytes(os.urandom(128))
        key.chmod(0o600)
        files = {name: self.folder / "munge" / name for name in ("log", "pid", "seed")}
        options = [f"--{name}-file={path}" for name, path in {**files, "key": key}.items()]
        self._launch("munged", ["munged", "--foreground", "--force", f"--socket={self._socket}", *options])
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
            "mariadbd",
            [
                *("mariadbd", "--no-defaults", "--user=root", f"--datadir={data}", f"--socket={socket_path}"),
                *("--bind-address=127.0.0.1", f"--port={self._ports['sql']}", f"--pid-file={self.folder}/sql.pid"),
            ],
        )
        self.wait_until(
            lambda: _answers("mariadb-admin", "--no-defaults", f"--socket={socket_path}", "ping"), "MariaDB"
        )
        conf = CONFIGURATION.with_name("slurmdbd.conf")
        conf.write_text(f"""{OURS}
DbdHost=localhost
DbdAddr=127.0.0.1
DbdPort={self._ports["dbd"]}
SlurmUser=root
AuthType=auth/munge
AuthInfo=socket={self._socket}
PidFile={self.folder}/slurmdbd.pid
LogFile={self.folder}/slurmdbd.log
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort={self._ports["sql"]}
StorageUser=root
StorageLoc=slurm
""")
        conf.chmod(0o600)
        stack.callback(conf.unlink)
        self._launch("slurmdbd", ["slurmdbd", "-D"])
        self.wait_until(lambda: _answers("sacctmgr", "-n", "list", "cluster"), "slurmdbd")
        for entity in (["cluster", "pathgan"], ["account", "pathology"], ["user", "root", "account=pathology"]):
            subprocess.run(["sacctmgr", "-i", "add", *entity], check=True, capture_output=True)

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
            dead = [name for name, daemon in self._daemons.items() if daemon.poll() is not None]
            if dead or time.monotonic() > end:
                raise ClusterError(f"waited for {what}; ended: {dead}; {self._tails()}")
            time.sleep(0.2)

    def _tails(self) -> str:
        logs = [*self.folder.glob("*.out"), *self.folder.glob("*.log")]
        return "\n".join(f"{path.name}: {path.read_text(errors='replace')[-800:]}" for path in logs)


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
    command = sys.argv[1:]
    accounting = command[:1] == ["--accounting"]
    with Cluster(accounting):
        return subprocess.run(command[accounting:]).returncode


if __name__ == "__main__":
    sys.exit(main())
