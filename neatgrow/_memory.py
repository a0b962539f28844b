"""How much memory there is, so that what cannot fit is refused before it is asked for."""

import os
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

try:
    import resource
except ImportError:  # Windows
    resource = None  # type: ignore[assignment]

# Limits of a container, by the second and the first version of control groups.
_LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")


@lru_cache(maxsize=1)
def there_is() -> int | None:
    """Bytes of memory that this process may use at most; ``None`` where that is not known."""
    found = []
    with suppress(AttributeError, OSError, ValueError):  # no such names on Windows
        found.append(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    for path in _LIMITS:
        with suppress(OSError, ValueError):  # "max" where there is none
            found.append(int(Path(path).read_text("ascii")))
    if resource is not None:
        limit, _ = resource.getrlimit(resource.RLIMIT_AS)
        if limit != resource.RLIM_INFINITY:
            found.append(limit)
    return min((size for size in found if size > 0), default=None)


def shown(size: int) -> str:
    """Bytes as a message says them."""
    for unit, most in (("MB", 1e9), ("GB", 1e12), ("TB", 1e15)):
        if size < most:
            return f"{size / most * 1e3:.3g} {unit}"
    return f"{size / 1e15:.3g} PB"
