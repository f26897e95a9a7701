"""Start a command that does not outlive its parent: `tether.py SIGNAL PARENT NICENESS USER -- ARGV`, `-I -S`.

A supervisor that gets SIGKILL cannot stop anything any more; the kernel does it for it. This runs as a
little program of its own, since a program with threads must not run Python between fork and exec, and
since it may have to give up root before it starts PostgreSQL. On other systems than Linux the command
is started untethered; the next `up` or `down` stops what is left.
"""

import ctypes
import os
import pwd
import sys
import time
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_AUTOGROUP = Path("/proc/self/autogroup")
#: The kernel takes a change of this kind from all users together once in a tenth of a second.
_TRIES = 50
_PAUSE_SECONDS = 0.05


def tether(death_signal: int, parent: int, niceness: int, user: str, argv: list[str]) -> None:
    """Become *argv*, as *user* unless empty, to be sent *death_signal* when *parent* is gone."""
    if niceness:
        _take_rank(niceness)
    if user:
        _become(user)
    # After the change of user: the kernel forgets the signal when the credentials change.
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, death_signal, 0, 0, 0)
        if os.getppid() != parent:
            sys.exit(f"the supervisor {parent} died while {argv[0]} was being started")
    os.execv(argv[0], argv)  # noqa: S606 (no shell is the point)


def _take_rank(niceness: int) -> None:
    try:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    except PermissionError:  # to go before others is for root; without it all is as it was
        return
    # Where Linux shares CPU time out by session, as on a desktop, a process's own niceness counts within its
    # session alone, and each of ours has one to itself.
    for _ in range(_TRIES):
        try:
            _AUTOGROUP.write_text(str(niceness))
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        except OSError:  # no Linux, or one that does not do so
            return
        else:
            return


def _become(user: str) -> None:
    entry = pwd.getpwnam(user)
    os.setgroups([])
    os.setgid(entry.pw_gid)
    os.setuid(entry.pw_uid)
    os.environ["HOME"] = entry.pw_dir


if __name__ == "__main__":
    tether(int(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4], sys.argv[6:])
