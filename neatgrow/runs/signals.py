"""Signals that end a run: Ctrl-C, and what schedulers, containers and closed terminals send."""

import os
import signal
import threading
from types import FrameType
from typing import Self

# Those that end a process at once where nobody heeds them; not every system has both.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


class Signals:
    """Has signals end a run in order, its results saved.

    Ctrl-C raises KeyboardInterrupt, as it does anyway; it is remembered beside that, since Python
    forgets it where it arrives while an object is taken apart. So do SIGTERM and SIGHUP once
    :meth:`watch_endings` was called; at the end they raise SystemExit with code 128 + their
    number, which is what a shell says of a process that one of them has ended.

    Only in the main thread, and only where they have the handlers that Python sets: what is
    ignored, as SIGHUP under nohup, stays so. Those are set again at the end.

    Attributes:
        came: Whether one has arrived.
        where: What the SystemExit is to say of the run, as a note; empty for nothing.
    """

    def __init__(self) -> None:
        self.came = False
        self.where = ""
        self._ending: int | None = None  # the first of those
        self._held = False
        self._owner = os.getpid()
        self._before: dict[int, object] = {}

    def __enter__(self) -> Self:
        self._watch(signal.SIGINT, signal.default_int_handler)
        return self

    def watch_endings(self) -> None:
        """Heed SIGTERM and SIGHUP as well: there is something to save."""
        for number in _ENDING:
            self._watch(number, signal.SIG_DFL)

    def hold(self) -> None:
        """From now on raise nothing: the run is ending, and must not be kept from being saved."""
        self._held = True

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)  # type: ignore[arg-type]
        if self._ending is not None and (kind is None or issubclass(kind, KeyboardInterrupt)):
            end = SystemExit(128 + self._ending)
            if self.where:
                end.add_note(self.where)
            raise end

    def _watch(self, number: int, usual: object) -> None:
        if (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(number) == usual
        ):
            self._before[number] = usual
            signal.signal(number, self._note)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if os.getpid() != self._owner:  # a process that an evaluation forked: as if never set
            signal.signal(number, self._before[number])  # type: ignore[arg-type]
            signal.raise_signal(number)
            return
        self.came = True
        if number in _ENDING and self._ending is None:
            self._ending = number
        if not self._held:
            raise KeyboardInterrupt
