"""A small Spark cluster on this machine: a driver, and executors as processes of their own.

    with cluster(executors=2, folder=Path("build/spark")) as session:
        done = run(session, session.read.parquet("in"), Path("out"))

Only the loopback interface is used. Processes are found in /proc, so this is for Linux.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Callable

import pyspark
from pyspark.sql import SparkSession

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import DataFrame

EXECUTOR = "org.apache.spark.executor.CoarseGrainedExecutorBackend"


@contextmanager
def cluster(executors: int, folder: Path, **options: str) -> Iterator[SparkSession]:
    """Start a cluster of executors with one core and 1 GiB each, and stop it in the end.

    Args:
        executors: How many.
        folder: Where Spark may write; the logs of executors are in its `home/work`.
        **options: More of Spark's configuration, with `__` for a dot.

    Yields:
        The session.
    """
    os.environ.update(
        SPARK_HOME=str(_home(folder / "home")),
        SPARK_LOCAL_IP="127.0.0.1",
        SPARK_LOCAL_DIRS=str(folder / "local"),
        # The workers run this Python, which has the package, and no other that is on the path.
        PYSPARK_PYTHON=sys.executable,
        PYSPARK_DRIVER_PYTHON=sys.executable,
    )
    builder = SparkSession.builder.master(f"local-cluster[{executors},1,1024]").appName("ophio")
    settings = {
        "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.executor.memory": "1g",
        "spark.sql.warehouse.dir": str(folder / "warehouse"),
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        **{name.replace("__", "."): value for name, value in options.items()},
    }
    for name, value in settings.items():
        builder = builder.config(name, value)
    session = builder.getOrCreate()
    session.sparkContext.setLogLevel("FATAL")  # the demo itself reports a lost executor
    try:
        _until(lambda: len(pids_of_executors()) == executors, 60)
        yield session
    finally:
        session.stop()
        _until(lambda: not pids_of_executors(), 60)


def _home(home: Path) -> Path:
    """Make a home of Spark's from the installed one: it keeps the logs of executors there."""
    home.mkdir(parents=True, exist_ok=True)
    for name in ("bin", "jars"):
        if not (home / name).exists():
            (home / name).symlink_to(Path(pyspark.__file__).parent / name)
    return home


def pids_of_executors() -> set[int]:
    """Find the executors that this process has started, by way of the driver's JVM."""
    found = {pid for pid in descendants() if EXECUTOR in _read(pid, "cmdline")}
    # What an executor starts has its command line for a moment.
    parents = _parents()
    return {pid for pid in found if parents.get(pid) not in found}


def descendants() -> set[int]:
    """Find the processes that this one has started, and those that they have."""
    parents = _parents()
    found: set[int] = set()
    new = {os.getpid()}
    while new:
        new = {pid for pid, parent in parents.items() if parent in new}
        found |= new
    return found


def _parents() -> dict[int, int]:
    """Give the parent of each process there is."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            # What is after the name of the command, which may have blanks and brackets.
            status = _read(int(entry.name), "stat").rpartition(")")[2].split()
            if len(status) > 1 and status[0] != "Z":
                parents[int(entry.name)] = int(status[1])
    return parents


def _read(pid: int, name: str) -> str:
    try:
        return Path(f"/proc/{pid}/{name}").read_text("utf-8", "replace")
    except OSError:  # it has ended
        return ""


def peak_memory(pid: int) -> int:
    """Return the peak memory of a process in bytes; 0 if it has ended."""
    for line in _read(pid, "status").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0


def cpu_seconds(pid: int) -> float:
    """Tell for how many seconds a process has been at work; 0 if it is gone."""
    times = _read(pid, "stat").rpartition(")")[2].split()[11:13]
    return sum(map(int, times)) / os.sysconf("SC_CLK_TCK")


def _until(condition: Callable[[], bool], seconds: float) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"the cluster was not ready in {seconds} seconds")
        time.sleep(0.05)


@dataclass
class Done:
    """The result of a job.

    Attributes:
        seconds: How long it took.
        killed: The executors that were killed, by pid.
        done_before: How many of its tasks were done at that time.
        failed_tasks: How many tasks were lost, and done again.
        tasks: How many there were.
        lost: How many executors were there once, and not any more in the end.
        memory: The most that a JVM of an executor, and a Python worker, had in memory.
        cpu: How many seconds of a core the JVMs of all executors, and their Python workers,
            have spent. It says more than the time on a machine that others use as well.
    """

    seconds: float = 0.0
    killed: list[int] = field(default_factory=list)
    done_before: int = 0
    failed_tasks: int = 0
    tasks: int = 0
    lost: int = 0
    memory: tuple[int, int] = (0, 0)
    cpu: tuple[float, float] = (0.0, 0.0)


def run(
    session: SparkSession,
    df: DataFrame,
    out: Path | None,
    *,
    kill_at: float | None = None,
    show: str = "",
) -> Done:
    """Write a data frame, and watch.

    Args:
        session: What `cluster` gave.
        df: The data frame.
        out: A folder for Parquet files, which is removed first; None to write nothing.
        kill_at: Which part of the tasks has to be done before an executor is killed that is
            running another one; None to kill none.
        show: What to call the job, to have its progress on standard error.

    Returns:
        Its result.
    """
    done, ended = Done(), threading.Event()
    watch = threading.Thread(
        target=_watch, args=(session, done, kill_at, show, ended), name="watch", daemon=True
    )
    if out is not None:
        shutil.rmtree(out, ignore_errors=True)
    start = time.perf_counter()
    watch.start()
    try:
        if out is None:
            df.write.format("noop").mode("overwrite").save()
        else:
            df.write.parquet(out.as_uri())
        done.seconds = time.perf_counter() - start
    finally:
        ended.set()
        watch.join()
    return done


def _watch(
    session: SparkSession, done: Done, kill_at: float | None, show: str, ended: threading.Event
) -> None:
    tracker = session.sparkContext.statusTracker()
    stages: dict[int, tuple[int, int, int]] = {}
    seen: set[int] = set()
    # By process: a JVM or not, the seconds when it was first seen, and when last.
    spent: dict[int, tuple[bool, float, float]] = {}
    first = True
    while True:
        last = ended.wait(0.1)
        executors = pids_of_executors()
        for pid in executors | _workers(executors):
            # What has started since has worked for this job alone.
            _, before, latest = spent.get(pid, (False, cpu_seconds(pid) if first else 0.0, 0.0))
            spent[pid] = (pid in executors, before, max(latest, cpu_seconds(pid)))
        first = False
        done.cpu = (
            sum(latest - before for is_jvm, before, latest in spent.values() if is_jvm),
            sum(latest - before for is_jvm, before, latest in spent.values() if not is_jvm),
        )
        seen |= executors
        done.lost = len(seen - executors)
        done.memory = (
            max([done.memory[0], *map(peak_memory, executors)]),
            max([done.memory[1], *map(peak_memory, _workers(executors))]),
        )
        for number in {*tracker.getActiveStageIds(), *stages}:
            stage = tracker.getStageInfo(number)
            if stage is not None:
                counted = stage.numTasks, stage.numCompletedTasks, stage.numFailedTasks
                stages[number] = counted
        done.tasks, completed, done.failed_tasks = map(sum, zip((0, 0, 0), *stages.values()))
        if show:
            share = completed / max(1, done.tasks)
            bar = "#" * int(share * 30)
            text = f"\r{show}  [{bar:30}] {completed:4} of {done.tasks} tasks"
            print(text, end="\n" if last else "", file=sys.stderr, flush=True)
        if kill_at is not None and not done.killed and completed < done.tasks:
            busy = sorted(executors) if completed >= kill_at * done.tasks else []
            if busy:
                done.done_before = completed
                done.killed.append(busy[0])
                os.kill(busy[0], signal.SIGKILL)
        if last:
            return


def _workers(executors: set[int]) -> set[int]:
    """Find the Python processes among what executors have started."""
    return {pid for pid in descendants() if "pyspark" in _read(pid, "cmdline")} - executors
