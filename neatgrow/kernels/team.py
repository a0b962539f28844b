"""Threads that work on one thing together, within one call of a kernel by each.

The leader opens a round of pieces; whoever is free takes the last that is left, the leader too, who
then waits for the pieces that others have taken. So nobody waits for a thread that has not started
or was put aside, unless it holds a piece; and which thread takes which piece changes nothing where
each piece writes its own part.
"""

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from neatgrow.kernels.jit import helper

LEFT, DONE, OVER, SIZE = range(4)  # of a board: (SIZE,) int64, shared by a team
ENDED, LATE = 1, 2  # at OVER, which is 0 at first: the work is done; a thread was put aside
_IDLE = 3_000_000  # looks at the board, some 1 ms, after which a thread without a piece leaves


def read(board, k):
    """``board[k]`` as other threads have left it."""
    return board[k]


def write(board, k, value):
    """Set ``board[k]``, after all that was written before."""
    board[k] = value


def add(board, k, value):
    """Add to ``board[k]`` at once; what it was."""
    before = board[k]
    board[k] = before + value
    return before


def _place(context, builder, kind, array, k):
    board = context.make_array(kind)(context, builder, array)
    return cgutils.get_item_pointer(context, builder, kind, board, [k], wraparound=False)


@intrinsic
def _read(typing_context, board, k):
    def codegen(context, builder, signature, args):
        place = _place(context, builder, signature.args[0], *args)
        return builder.load_atomic(place, "seq_cst", 8)

    return types.int64(board, types.int64), codegen


@intrinsic
def _write(typing_context, board, k, value):
    def codegen(context, builder, signature, args):
        place = _place(context, builder, signature.args[0], *args[:2])
        builder.store_atomic(args[2], place, "seq_cst", 8)
        return context.get_dummy_value()

    return types.void(board, types.int64, types.int64), codegen


@intrinsic
def _add(typing_context, board, k, value):
    def codegen(context, builder, signature, args):
        place = _place(context, builder, signature.args[0], *args[:2])
        return builder.atomic_rmw("add", place, args[2], "seq_cst")

    return types.int64(board, types.int64, types.int64), codegen


overload(read)(lambda board, k: lambda board, k: _read(board, k))
overload(write)(lambda board, k, value: lambda board, k, value: _write(board, k, value))
overload(add)(lambda board, k, value: lambda board, k, value: _add(board, k, value))


@helper
def open_round(board, count):
    """Let pieces 0…count − 1 be taken; by the leader, after the last round is finished."""
    write(board, DONE, 0)
    write(board, LEFT, count)


@helper
def take(board):
    """A piece, or −1 if none is left.

    All that decides is one number, so that who comes too late for one round takes a piece of the
    next, or none.
    """
    if read(board, LEFT) <= 0:
        return -1
    return max(add(board, LEFT, -1), 0) - 1


@helper
def wait_for_piece(board):
    """The next piece, of this round or a later one; −1 once the team is dismissed or idle."""
    for _ in range(_IDLE):
        if read(board, OVER) != 0:
            return -1
        piece = take(board)
        if piece >= 0:
            return piece
    return -1


@helper
def finish(board):
    """Say that a piece is done."""
    add(board, DONE, 1)


@helper
def wait_for_others(board, count):
    """Until all pieces of the round are done; by the leader.

    After a long wait the others are sent away: the machine has no core for them.
    """
    looks = 0
    while read(board, DONE) < count:
        looks += 1
    if looks > _IDLE:
        write(board, OVER, LATE)
