"""Python run in processes forked from one that has loaded what takes seconds to load, but nothing of pathgan.

Hundreds of commands of the tests start Snakemake, and hundreds of jobs start torch. Apart from that they are like
others: arguments, environment, working folder and exit code are theirs, and pathgan is the one below that folder.

    python warm.py SOCKET    answers `run` until the process that started it is gone
"""

from __future__ import annotations

import json
import os
import runpy
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from importlib import import_module
from pathlib import Path
from socketserver import ForkingMixIn, StreamRequestHandler, UnixStreamServer
from subprocess import CalledProcessError, CompletedProcess
from typing import Any

LOADED = (
    *("snakemake.cli", "snakemake.api", "snakemake.report", "typer", "rich.tree", "pandas", "pydantic"),
    *("torch", "safetensors", "h5py", "cv2", "scipy.ndimage", "skimage.measure", "matplotlib.figure"),
)
SERVER = "PATHGAN_TEST_SERVER"  # where the Snakemake in such a process finds it for its jobs


def environment(covered: bool) -> dict[str, str]:
    """Of a process; coverage counts it where `covered`, which takes it half as much time again."""
    return {key: value for key, value in os.environ.items() if covered or not key.startswith("COVERAGE_")}


def run(
    module: str,
    arguments: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    warm_jobs: bool = True,
) -> CompletedProcess[str]:
    """`python -m module arguments` in `folder`; warm_jobs: jobs of Snakemake are run in such processes, too."""
    variables = {**variables, SERVER: _server()} if warm_jobs else variables
    with tempfile.TemporaryDirectory() as place:
        outputs = [Path(place) / name for name in ("stdout", "stderr")]
        for file in outputs:
            file.touch()
        code = _ask(_server(), [module, *arguments], folder, variables, outputs)
        return CompletedProcess([module, *arguments], code, *(file.read_text() for file in outputs))


@lru_cache(maxsize=1)
def _server() -> str:
    """Its socket. It is not covered: coverage would trace what all processes load."""
    path = str(Path(tempfile.mkdtemp(prefix="warm-")) / "socket")
    server = subprocess.Popen([sys.executable, __file__, path], env=environment(covered=False))
    while not os.path.exists(path):  # noqa: PTH110 - no Path each time
        assert server.poll() is None
        time.sleep(0.05)
    return path


def _ask(
    server: str,
    command: Sequence[str],
    folder: Path,
    variables: Mapping[str, str],
    outputs: Sequence[Path],
) -> int:
    """Runs the command, a module or a script with its arguments, and returns its exit code."""
    request = {
        "command": command,
        "folder": str(folder),
        "variables": dict(variables),
        "outputs": list(map(str, outputs)),
    }
    with socket.socket(socket.AF_UNIX) as connection, connection.makefile("rw") as lines:
        connection.connect(server)
        lines.write(json.dumps(request) + "\n")
        lines.flush()
        return int(lines.readline() or 1)


# --- the server -------------------------------------------------------------------------------------------


class Server(ForkingMixIn, UnixStreamServer):
    request_queue_size = 32
    started_by = os.getppid()

    def service_actions(self) -> None:
        """Called every half second: ends with the process that started it, and leaves nothing behind."""
        super().service_actions()
        if os.getppid() != self.started_by:
            shutil.rmtree(Path(str(self.server_address)).parent)
            sys.exit()


class Handler(StreamRequestHandler):
    """A request, in the process that was forked for it."""

    def handle(self) -> None:
        code = _run(**json.loads(self.rfile.readline()))
        self.wfile.write(f"{code}\n".encode())


def _run(command: Sequence[str], folder: str, variables: dict[str, str], outputs: Sequence[str]) -> int:
    for number, file in enumerate(outputs, start=1):
        os.dup2(os.open(file, os.O_WRONLY | os.O_APPEND), number)
    os.environ.clear()
    os.environ.update(variables)
    os.chdir(folder)
    sys.argv = list(command)
    is_script = command[0].endswith(".py")
    first = str(Path(command[0]).parent) if is_script else folder
    sys.path[:0] = [first, *filter(None, variables.get("PYTHONPATH", "").split(os.pathsep))]
    if SERVER in os.environ:
        from snakemake.script import PythonScript

        PythonScript.execute_script = _execute_script
    import coverage

    measured = coverage.process_startup()  # None unless the environment asks for it
    try:
        if is_script:
            runpy.run_path(command[0], run_name="__main__")
        else:
            runpy.run_module(command[0], run_name="__main__", alter_sys=True)
        return 0
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except BaseException:
        sys.excepthook(*sys.exc_info())
        return 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        if measured is not None:
            measured.stop()
            measured.save()


def _execute_script(self: Any, script: str, edit: bool = False) -> None:
    """Takes the place of Snakemake's, which starts Python."""
    from snakemake.benchmark import benchmarked

    outputs = [Path(f"/proc/{os.getpid()}/fd/{number}") for number in (1, 2)]
    variables = {key: value for key, value in os.environ.items() if key != SERVER}
    with benchmarked(os.getpid(), self.bench_record):
        code = _ask(os.environ[SERVER], [script], Path.cwd(), variables, outputs)
    if code:
        raise CalledProcessError(code, script)


if __name__ == "__main__":
    for name in LOADED:
        import_module(name)
    with Server(f"{sys.argv[1]}.new", Handler) as server:
        Path(f"{sys.argv[1]}.new").rename(sys.argv[1])  # which tells that it listens
        server.serve_forever()
