"""Sessions of Apache Spark: how one begins and ends, where its log goes, its errors in our words.

Who starts Spark hears of a fault in one sentence; what Spark says of it, which is hundreds of
lines, goes to a file. Of a cluster that a site has set up, the site's settings decide all else.
"""

from __future__ import annotations

import atexit
import os
import re
import signal
import socket
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from threading import Timer
from typing import IO, Any

from graphcache.errors import LakeError

WAIT = 120.0
"""Seconds in which a cluster has to begin with the first task."""
_ANSWERS = 10.0
"""Seconds in which a machine has to take a connection."""
_ADDRESS = re.compile(r"(\[[^]]+]|[^:/,]+):(\d{1,5})(?=,|$)")
"""A host, which may be an IPv6 address in brackets, and a port."""
_OPTIONS = "JDK_JAVA_OPTIONS"
_SETTINGS = {"spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false"}
_LOOPBACK = {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
"""Of a Spark that is on this machine alone: nobody else has to reach it."""
_RAISED = re.compile(r"^([\w.]*?)(\w+(?:Error|Exception)): (.+)$", re.MULTILINE)
"""The last line of a Python traceback, as a worker sends it."""
_CAUSE = re.compile(r"^Exception in thread \S+ [\w.$]+: (.+)$", re.MULTILINE)
_NEEDS_JAVA = "expected Java 17 or later on PATH or at JAVA_HOME"
_OURS = "graphcache.errors."
_UNCHANGED = "what was there is unchanged"


@dataclass(frozen=True, slots=True)
class Where:
    """Where a new Spark runs, if none does in this process."""

    master: str | None
    """Such as `local[4]` or `spark://host:7077`; None for what `spark-submit` or Spark's own
    settings say, which may be all processors of this machine."""
    heap: int
    """Bytes that Java may take in this process. It lives as long as the process does."""


@contextmanager
def spark_context(what: str, where: Where) -> Iterator[Any]:
    """The Spark that runs in this process already, or a new one, which ends with the block.

    `what` is worked on, and so called in messages.

    Raises:
        LakeError: Spark is not installed, does not begin, or what runs on it fails.
    """
    errors = _errors()
    from pyspark import SparkContext

    try:
        running = SparkContext._active_spark_context
        if running is not None:
            yield running
            return
        with _interrupts_as_before():
            started = _start(where)
            try:
                yield started
            finally:
                with suppress(*errors):
                    started.stop()
    except errors as error:
        said = _in_our_words(error, what).removesuffix(f"; {_UNCHANGED}")
        raise LakeError(f"{said}; {_UNCHANGED}{_LOG.keep()}") from None


def _errors() -> tuple[type[Exception], ...]:
    """What Spark raises: of its own, of the bridge to Java, and where Java is gone."""
    try:
        from py4j.protocol import Py4JError
        from pyspark.errors import PySparkException
    except ImportError as error:
        raise LakeError(
            f"Spark needs {error.name}, which is not installed: "
            f"python -m pip install 'graphcache[spark]'"
        ) from None
    return (PySparkException, Py4JError, ConnectionError)


@contextmanager
def _interrupts_as_before() -> Iterator[None]:
    """Put back what Ctrl-C does, which Spark changes for as long as the process lives."""
    before = signal.getsignal(signal.SIGINT)
    try:
        yield
    finally:
        with suppress(ValueError):  # not the main thread, where Spark changes nothing
            signal.signal(signal.SIGINT, before)


def _start(where: Where) -> Any:
    from pyspark import SparkConf, SparkContext
    from pyspark.java_gateway import launch_gateway

    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    settings = {**_SETTINGS, "spark.driver.memory": f"{max(where.heap >> 20, 512)}m"}
    if where.master is not None:
        _see_that_it_answers(where.master)
        settings["spark.master"] = where.master
        if where.master.startswith("local"):
            settings |= _LOOPBACK
    conf = SparkConf().setAppName("graphcache").setAll(list(settings.items()))
    gateway = None
    if not SparkContext._gateway:  # Java lives as long as this process
        launch: Any = launch_gateway  # which has no types
        with _LOG.opened() as log, _java_options():
            gateway = launch(conf, {"stdout": log, "stderr": log})
    with warnings.catch_warnings():
        # Spark looks for pandas, of which nothing is used here.
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        context = SparkContext(conf=conf, gateway=gateway)
    # Where Java is gone, this server would write a stack trace for each connection that broke.
    server: Any = context._accumulatorServer
    server.handle_error = lambda *_: None
    try:
        _wait_for_a_worker(context)
    except BaseException:
        context.stop()
        raise
    return context


@contextmanager
def _java_options() -> Iterator[None]:
    """Have a Java that begins compile quickly, and not well, unless the site says otherwise.

    It plans and passes on; to compile that well took a third of all that a join of few records did.
    """
    if _OPTIONS in os.environ:
        yield
        return
    os.environ[_OPTIONS] = "-XX:TieredStopAtLevel=1"
    try:
        yield
    finally:
        del os.environ[_OPTIONS]


def _see_that_it_answers(master: str) -> None:
    """See that something listens where a standalone master should: Spark tries for minutes.

    Raises:
        LakeError: nothing does at any of the addresses, of which there may be several.
    """
    why = None
    for found in _ADDRESS.finditer(master if master.startswith("spark://") else ""):
        try:
            socket.create_connection((found[1].strip("[]"), int(found[2])), _ANSWERS).close()
        except OSError as error:
            why = error.strerror or str(error)
        else:
            return
    if why is not None:
        raise LakeError(
            f"{master}: expected a master of Spark, found none that answers: {why}; see whether it "
            f"runs there; {_UNCHANGED}"
        )


def _wait_for_a_worker(context: Any) -> None:
    """See that the cluster works at all.

    Raises:
        LakeError: it does not answer, or has not begun with a task in time.
    """
    waiting = Timer(WAIT, context.cancelAllJobs)
    waiting.start()
    try:
        context.parallelize([0], 1).count()
    except _errors():
        if context._jsc.sc().isStopped():
            why = "expected a cluster of Spark, found none that answers: see whether it runs there"
        elif waiting.finished.is_set():
            why = (
                f"expected a worker to begin within {WAIT:,.0f} seconds, found none that is free "
                f"and has the memory that is asked for: see what the cluster has, and "
                f"spark.executor.memory in Spark's settings"
            )
        else:
            raise
        raise LakeError(f"{context.master}: {why}; {_UNCHANGED}{_LOG.keep()}") from None
    finally:
        waiting.cancel()


def _in_our_words(error: Exception, what: str) -> str:
    """The cause in a sentence: the last error of a worker's Python, or the first of Java's."""
    from py4j.protocol import Py4JJavaError, Py4JNetworkError

    text = str(error)
    if isinstance(error, ConnectionError | Py4JNetworkError):
        return f"{what}: Spark: its Java ended"
    if "JAVA_GATEWAY_EXITED" in text:
        return f"{what}: Spark did not begin: {_LOG.cause() or _NEEDS_JAVA}"
    raised = _RAISED.findall(text)
    if raised:
        module, name, said = raised[-1]
        return str(said) if module == _OURS else f"{what}: Spark: {name}: {said}"
    if isinstance(error, Py4JJavaError):
        return f"{what}: Spark: {_root_of(error.java_exception)}"
    first = next(iter(text.strip().splitlines()), type(error).__name__)
    return f"{what}: Spark: {first}"


def _root_of(error: Any) -> str:
    """What the innermost of Java's errors says."""
    while error.getCause() is not None:
        error = error.getCause()
    first = next(iter((error.getMessage() or "").strip().splitlines()), "")
    return f"{error.getClass().getSimpleName()}: {first}" if first else str(error)


class _Log:
    """The file to which all goes that Java and its workers say in this process, if it began them.

    It is removed at the end, but where something failed.
    """

    def __init__(self) -> None:
        self._path = ""

    def opened(self) -> IO[bytes]:
        """A new one, for a process that writes it."""
        descriptor, self._path = tempfile.mkstemp(prefix="graphcache-spark-", suffix=".log")
        atexit.register(self._remove)
        return os.fdopen(descriptor, "wb")

    def keep(self) -> str:
        """Keep the file; where it is, in words."""
        if not self._path:
            return "; Spark's log says more"
        atexit.unregister(self._remove)
        return f"; Spark's log is {self._path}"

    def cause(self) -> str:
        """What Java said first of why it ended; nothing where it did not begin at all."""
        with open(self._path, encoding="utf-8", errors="replace") as file:
            found = _CAUSE.search(file.read())
        return found[1] if found else ""

    def _remove(self) -> None:
        with suppress(OSError):
            os.unlink(self._path)


_LOG = _Log()
