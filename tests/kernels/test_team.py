"""Threads that take pieces of one thing, each piece once."""

import threading
import time

import numba
import numpy as np
import pytest

from neatgrow.kernels import team
from neatgrow.kernels.team import LATE, OVER, SIZE


@numba.njit(nogil=True)
def work(board, leads, rounds, counts, taken):
    """As many pieces per round as ``counts`` says; each adds 1 to its own place."""
    if leads:
        for k in range(rounds):
            team.open_round(board, counts[k])
            piece = team.take(board)
            while piece >= 0:
                taken[k, piece] += 1
                team.finish(board)
                piece = team.take(board)
            team.wait_for_others(board, counts[k])
            team.write(board, SIZE, k + 1)
        team.write(board, OVER, 1)
        return 0
    own, piece = 0, team.wait_for_piece(board)
    while piece >= 0:
        taken[team.read(board, SIZE), piece] += 1
        own += 1
        team.finish(board)
        piece = team.wait_for_piece(board)
    return own


@pytest.mark.parametrize("helpers", [0, 1, 3])
def test_every_piece_of_every_round_is_taken_once(helpers):
    rounds, counts = 2000, np.random.default_rng(0).integers(1, 9, 2000)
    board, taken = np.zeros(SIZE + 1, np.int64), np.zeros((rounds, 8), np.int64)
    threads = [threading.Thread(target=work, args=(board, False, rounds, counts, taken))
               for _ in range(helpers)]  # fmt: skip
    for thread in threads:
        thread.start()
    work(board, True, rounds, counts, taken)
    for thread in threads:
        thread.join(20)
        assert not thread.is_alive()
    assert (taken == (np.arange(8) < counts[:, None])).all()


def test_a_thread_that_finds_nothing_to_do_leaves():
    board = np.zeros(SIZE + 1, np.int64)
    assert work(board, False, 0, np.zeros(0, np.int64), np.zeros((1, 1), np.int64)) == 0


def test_threads_that_are_put_aside_with_a_piece_are_sent_away():
    board = np.zeros(SIZE + 1, np.int64)

    @numba.njit(nogil=True)
    def leads(board):
        team.open_round(board, 2)
        team.take(board)
        team.finish(board)
        team.wait_for_others(board, 2)

    @numba.njit(nogil=True)
    def takes(board):
        return team.take(board)

    board[team.LEFT] = 1
    assert takes(board) == 0 and takes(board) == -1  # compiled
    leader = threading.Thread(target=leads, args=(board,))
    leader.start()
    while takes(board) < 0:  # one piece, which is held for long
        pass
    time.sleep(0.5)
    board[team.DONE] += 1
    leader.join(20)
    assert not leader.is_alive() and board[OVER] == LATE
    assert work(board, False, 0, np.zeros(0, np.int64), np.zeros((1, 1), np.int64)) == 0
