"""Functions that users registered, as other processes are given them: by module and name where
those can be imported, by value otherwise."""

import os
import pickle
import socket
import threading
from collections.abc import Callable
from typing import Any, NamedTuple

from neatgrow.evaluation.base import FAULTS, cause_of
from neatgrow.kernels import dynamics, functions
from neatgrow.kernels.dynamics import compiled_update
from neatgrow.kernels.functions import Registered, compiled_activation
from neatgrow.timing import Dynamics


class _Given(NamedTuple):
    """A function on its way."""

    name: str
    payload: bytes
    code: str | None
    declared: Dynamics | None  # of a dynamics; an activation has nothing but its name


def sent_functions(argument: str) -> bytes:
    """All registered activations and dynamics, in order of opcode, for :func:`take_over`.

    Args:
        argument: What asked for other processes, as messages name it.

    Raises:
        TypeError: One can be sent neither by name nor by value.
    """
    given = [_given(argument, name, own, None) for name, own in functions.registered().items()]
    given += [
        _given(argument, name, own, declared)
        for name, (declared, own) in dynamics.registered().items()
    ]
    return pickle.dumps((_here(), given))


def _given(argument: str, name: str, own: Registered, declared: Dynamics | None) -> _Given:
    try:
        try:
            payload = pickle.dumps(own.function)
        except Exception:  # pickle raises many kinds
            payload = b"__main__"
        if b"__main__" in payload:  # which workers import only if the problem is there too
            from numba import cloudpickle

            payload = bytes(cloudpickle.dumps(own.function))
    except Exception as error:
        raise TypeError(
            f"{argument}: expected {_what(name, declared)} to be a function that can be sent to "
            f"another process, got one that cannot: {cause_of(error)}. Define it at the top level "
            f"of a module, or leave {argument} out."
        ) from error
    return _Given(name, payload, own.code, declared)


_lock = threading.Lock()  # workers of Dask have many threads
_givers: set[tuple[str, int]] = set()  # runs that functions were taken over from


def take_over(sent: bytes) -> None:
    """Register what another process has registered, in its order: genomes name a function by its
    place. What is registered here already and the same stays; more than that goes behind.

    Raises:
        RuntimeError: A function cannot be rebuilt here, or another run uses this process with
            other functions.
    """
    giver, given = pickle.loads(sent)
    if giver == _here():
        return
    with _lock:
        for known, items in (
            (functions.registered(), [g for g in given if g.declared is None]),
            (dynamics.registered(), [g for g in given if g.declared is not None]),
        ):
            _put_first(giver, known, {g.name: _made(g, known.get(g.name)) for g in items})
        _givers.add(giver)


def _put_first(giver: tuple[str, int], known: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Have ``known`` start with ``wanted``."""
    ordered = {**wanted, **{name: own for name, own in known.items() if name not in wanted}}
    stays = list(ordered)[: len(known)] == list(known) and all(
        ordered[name] is own for name, own in known.items()
    )
    if not stays and _givers - {giver}:
        raise RuntimeError(
            f"expected the registered functions {', '.join(known)} in a worker process, as another "
            f"run has them that uses it, got {', '.join(wanted)}. Give each run workers of its own."
        )
    if list(ordered) != list(known) or not stays:
        known.clear()
        known.update(ordered)


def _made(given: _Given, known: Any) -> Any:
    """The entry of a function, compiled unless it is known here."""
    declared = given.declared
    before = known if declared is None or known is None else known[1]
    if before is not None and given.code is not None and before.code == given.code:
        return known if declared is None or known[0] == declared else (declared, before)
    what = _what(given.name, declared)
    try:
        function: Callable[..., Any] = pickle.loads(given.payload)
        if declared is None:
            return Registered(function, compiled_activation(given.name, function), given.code)
        compiled = compiled_update(what, function, declared.states, len(declared.columns))
        return declared, Registered(function, compiled, given.code)
    except FAULTS as error:
        raise RuntimeError(
            f"the {what} could not be rebuilt in a worker process: {cause_of(error)}. Define it "
            "at the top level of a module that can be imported there."
        ) from error


def _what(name: str, declared: Dynamics | None) -> str:
    return f"{'activation' if declared is None else 'dynamics'} {name!r}"


def _here() -> tuple[str, int]:
    return socket.gethostname(), os.getpid()
