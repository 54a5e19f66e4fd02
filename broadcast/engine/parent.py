"""A child process that does not outlive its parent."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def die_with(parent: int) -> None:
    """Called in the child between fork and exec: SIGTERM when the process `parent` dies, however it dies (Linux only).

    The kernel holds to it through exec and in a session of the child's own; it needs no thread, pipe or timer of
    either process. (It is sent when the *thread* that forked ends: fork in one that lives as long as the parent.)
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:  # it was killed in between
            os._exit(1)
