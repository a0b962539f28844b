"""Where users' code raised, as text: for messages, files, and other processes."""

import pickle
import traceback
from typing import NamedTuple

from neatgrow._checks import printable
from neatgrow.evaluation.base import cause_of

_KEPT = 10_000  # characters at either end of a traceback


class OriginalError(Exception):
    """The cause of what is raised, where only the text of its traceback is left.

    Attributes:
        text: As :func:`traceback_of` gives it.
    """

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.text = text

    def __str__(self) -> str:
        return f'\n"""\n{self.text}"""'


class Sent(NamedTuple):
    """What was raised, on its way to another process.

    Attributes:
        pickled: Empty where pickle cannot send it.
        cause: Its kind and message.
        traceback: Its traceback.
    """

    pickled: bytes
    cause: str
    traceback: str

    def arrived(self) -> Exception | SystemExit:
        """It again, or an error of its words; caused by the text of its traceback."""
        error: object = None
        try:
            error = pickle.loads(self.pickled)
            if isinstance(error, SystemExit):  # some packages restore it without its code
                error = SystemExit(*error.args)
            if isinstance(error, (Exception, SystemExit)):
                error.__traceback__ = error.__context__ = None  # some packages send them along
                error.__cause__ = OriginalError(self.traceback)
                return error
        except Exception:  # of many kinds: how it is made is the user's
            pass
        error = RuntimeError(self.cause)
        error.__cause__ = OriginalError(self.traceback)
        return error


def sent(error: BaseException) -> Sent:
    """An error for another process, where its own kind may be unknown: :meth:`Sent.arrived`."""
    alike = error
    if isinstance(error, SystemExit):  # what it carries is shown as text where it is no number
        alike = SystemExit(error.code if type(error.code) in (int, type(None)) else str(error.code))
    try:
        pickled = pickle.dumps(alike)
    except Exception:  # pickle raises many kinds
        pickled = b""
    return Sent(pickled, cause_of(error), traceback_of(error))


def traceback_of(error: BaseException) -> str:
    """The traceback of an error and of those that led to it; the middle of a long one left out."""
    if isinstance(error.__cause__, OriginalError) and error.__traceback__ is None:
        return error.__cause__.text  # nothing was raised here
    try:
        text = "".join(traceback.format_exception(error))
    except Exception:  # what it shows of an error is the user's
        text = f"{cause_of(error)}\n"
    left_out = len(text) - 2 * _KEPT
    if left_out > 0:
        text = f"{text[:_KEPT]}\n… {left_out} characters left out …\n{text[-_KEPT:]}"
    return printable(text)


def let_frames_go(error: BaseException) -> None:
    """Drop the frames of an error and of those that led to it, and with them all that they hold.

    An evaluation that holds an error is held by the error's frames in turn: a circle that would
    keep the user's arrays for as long as Python does not look for such.
    """
    found: list[BaseException | None] = [error]
    for one in found:
        if one is not None and one.__traceback__ is not None:
            BaseException.with_traceback(one, None)
            found += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]
