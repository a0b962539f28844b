"""One line that says how a run is going."""

import sys
from typing import Any, TextIO

from neatgrow import _checks, automatic
from neatgrow.evaluation.base import Problem
from neatgrow.kernels import jit
from neatgrow.runs.history import History
from neatgrow.selection.population import Population

_COMPILING = "compiling kernels, most of them once for this machine: about 15 s in all …"


class Progress:
    """Rewrites one line per generation on a terminal; elsewhere prints one now and then.

    Args:
        stream: Where to write, standard error by default.
        waits_only: Whether to say nothing but what a wait of some seconds is for.
    """

    def __init__(self, stream: TextIO | None = None, *, waits_only: bool = False) -> None:
        self.stream = stream if stream is not None else sys.stderr
        self._waits_only = waits_only
        self._waiting = False
        self._on_terminal = self.stream.isatty()
        self._width = 0
        self._next = 1
        jit.on_compile.append(self._say_compiling)

    def _say_compiling(self) -> None:
        if not self._waiting:  # one kernel follows the other
            self._waiting = True
            self._write(_COMPILING)

    def note(self, text: str) -> None:
        """A line of its own, of what there is to wait for."""
        if not self._waits_only:
            self._write(text)

    def _write(self, text: str) -> None:
        below = "\n" if self._width else ""
        self._width = 0
        self.stream.write(f"{below}{text}\n")
        self.stream.flush()

    def begin(self, problem: Problem, population: Population, generations: int) -> None:
        """Say what begins or goes on, and what was chosen for it."""
        if self._waits_only:
            return
        config = population.config
        told = population.generation
        text = (
            f"{problem.name}: {_counted(problem.inputs, 'input')}, "
            f"{_counted(problem.outputs, 'output')}, population {config.population_size}, "
            f"{f'{told} generations done, ' if told else ''}at most {generations} generations, "
            f"seed {population.seed}; {automatic.said(config, population.chosen, problem)}\n"
        )
        self.stream.write(_checks.printable(text))  # a name may come from a file
        self.stream.flush()

    def update(self, history: History, generations: int) -> None:
        """Show the last generation, of ``generations`` at most."""
        self._waiting = False
        row = history[-1]
        if self._waits_only:
            return
        if not self._on_terminal and row["generation"] < self._next:
            return
        self._next = row["generation"] + max(1, row["generation"] // 4)
        line = self._line(row, history, generations)
        if self._on_terminal:
            self.stream.write(f"\r{line:<{self._width}}")
            self._width = len(line)
        else:
            self.stream.write(f"{line}\n")
        self.stream.flush()

    def _line(self, row: dict[str, Any], history: History, generations: int) -> str:
        seconds = {
            name: history.total(f"seconds_{name}")
            for name in ("evaluation", "reproduction", "compilation")
        }
        spent = ", ".join(f"{name} {value:.1f} s" for name, value in seconds.items())
        return (
            f"generation {row['generation']}/{generations}  best {row['best']:.4g}  "
            f"mean {row['mean']:.4g}  champion {row['champion']:.4g}  "
            f"species {row['species']}  evaluations {history.total('evaluations')}  ({spent})"
            + (f"  {row['failures']} FAILED" if row["failures"] else "")
        )

    def close(self) -> None:
        """End the line, and say no more of compilations."""
        if self._on_terminal and self._width:
            self.stream.write("\n")
        if self._say_compiling in jit.on_compile:
            jit.on_compile.remove(self._say_compiling)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
