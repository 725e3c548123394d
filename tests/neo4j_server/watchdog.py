"""Run a command, and end it when told so or when whoever started this is gone.

`python watchdog.py HOME LOG COMMAND...` prints the process id of the command. A line `TERM` or
`KILL` on standard input sends that signal. The end of standard input means that the other side
died, however it died: the command is killed and HOME, its temporary folder, removed. On Linux the
command does not outlive this program either, should somebody kill it.
"""

import ctypes
import shutil
import signal
import subprocess
import sys
import threading


def main(home: str, log: str, *command: str) -> int:
    """Run the command to its end."""
    orphaned = threading.Event()
    with open(log, "ab") as output:
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            preexec_fn=_die_with_parent,  # noqa: PLW1509 - there is no thread yet
        )
    print(child.pid, flush=True)
    threading.Thread(target=_obey, args=(child, orphaned), daemon=True).start()
    code = child.wait()
    if orphaned.is_set():
        shutil.rmtree(home, ignore_errors=True)
    return abs(code)


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG


def _obey(child: "subprocess.Popen[bytes]", orphaned: threading.Event) -> None:
    """Send the signals that are asked for, and kill at the end of the asking."""
    for line in sys.stdin:
        child.send_signal(signal.Signals[f"SIG{line.strip()}"])
    orphaned.set()
    child.kill()


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
