"""Who asks for free ports gets some that nobody else was given."""

import os
import socket
import subprocess
import sys

from deploy.local.ports import LOCALHOST, free_base, free_port, is_free

#: Asks as if it were the process that is named to it: where to begin to look depends on the pid.
_ASK_AS = """
import os, sys
from deploy.local.ports import free_base
os.getpid = lambda: int(sys.argv[1])
print(free_base())
"""


def test_a_base_is_not_given_to_another_process_while_nothing_listens_there_yet() -> None:
    ours = free_base()
    theirs = subprocess.run(
        [sys.executable, "-c", _ASK_AS, str(os.getpid())], capture_output=True, text=True, check=True
    )
    assert int(theirs.stdout) != ours


def test_a_process_that_asks_again_gets_another_base() -> None:
    assert free_base() != free_base()


def test_a_port_that_is_in_use_is_not_given_out_again() -> None:
    with socket.create_server((LOCALHOST, free_port())) as server:
        taken = server.getsockname()[1]
        assert not is_free(taken)
        assert taken not in {free_port() for _ in range(100)}
