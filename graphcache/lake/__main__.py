"""`python -m graphcache.lake` is `graphcache lake`; `spark-submit` runs this file."""

from __future__ import annotations

import atexit
import os
import signal
import sys
from stat import S_ISFIFO

from graphcache.cli.main import main

_SUBMITTED = "PYSPARK_GATEWAY_PORT"
"""A variable that `spark-submit` sets for the program that it runs."""


def _await_reader() -> None:
    """Wait until what was printed is read, or nobody is there who reads.

    `spark-submit` passes on what it has read by the time it sees that the program has ended. On a
    busy machine that could be nothing, with an exit code of 0 (Spark 4.3.0).
    """
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # all is done: there is nothing to clean up
    if sys.platform != "linux" or not S_ISFIFO(os.fstat(1).st_mode):
        return
    import select
    from fcntl import ioctl
    from termios import FIONREAD

    output = select.poll()
    output.register(1, 0)  # no event is asked for: the one that comes is that the reader is gone
    while any(ioctl(1, FIONREAD, bytes(4))) and not output.poll(10):
        pass


if __name__ == "__main__":
    sys.argv[:1] = ["graphcache", "lake"]
    if _SUBMITTED in os.environ:
        atexit.register(_await_reader)  # first, so that it is called last, behind all that is said
    main()
