"""Keep a long-lived process from growing: hand freed memory back, and leave what never changes out of collections."""

import ctypes
import gc

LARGE = 128 * 1024
"""Bytes from which a block is mapped on its own and given back when it is freed; glibc's own first value."""

_M_MMAP_THRESHOLD = -3  # malloc.h


def give_large_blocks_back() -> None:
    """Have large blocks returned to the system whenever they are freed; for processes that make documents.

    glibc raises the size from which blocks are mapped each time a mapped one is freed, up to 32 MB (mallopt(3),
    "dynamic mmap threshold"): after a few hundred documents their fonts lie in a heap full of holes, which only
    grows. Setting the size once ends that. Elsewhere than under glibc nothing is done.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, LARGE)


def settle() -> None:
    """Take what is loaded out of the garbage collector's sight; called once everything is, and before a fork.

    It lives as long as the process: full collections then look at new objects only, and forked processes go on sharing
    the memory of the old ones.
    """
    gc.collect()
    gc.freeze()
    # A full collection waits until a quarter as many objects are new as survived the last one: let that one be this,
    # which sees almost none, or the garbage of a few hundred documents would pile up first.
    gc.collect()
