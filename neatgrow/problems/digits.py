"""Handwritten digits, learned whole and recognised with parts hidden, after looks of any length."""

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from neatgrow import _checks
from neatgrow._types import Array
from neatgrow.networks.networks import Networks
from neatgrow.problems.tasks import Measure, Task

SIDE = 8  # pixels
_TEST = 597  # of 1,797 images
_BUBBLES, _WIDTH = 4, 1.2  # windows through which a part is seen, and their width in pixels


class Digits(Task):
    """Tell ten handwritten digits apart; whole ones in training, parts of them in the test.

    An image of 8 × 8 pixels, 0 to 1, stands before the network for ``ticks`` ticks, seen at each of
    them with other noise, from N(0, noise²) in every pixel; the largest of ten outputs is the
    answer after each tick. Networks learn from whole images alone. What they can make of parts is
    :meth:`seen_in_part`: pixels outside of a few soft round windows at random places are 0 but for
    the noise, and the answers are read after each tick. That is the form, in small, of an
    experiment on people and recurrent networks, in which looking longer helped. Without noise
    every tick shows the same, and all that a longer look can add is thought.

    The images are those of scikit-learn, 1,797 of them, split at random into 1,200 to train and
    597 to test.

    Source: the images are the test set of Alpaydin & Kaynak (1998), “Optical recognition of
    handwritten digits”, UCI; the experiment is that of Tang et al. (2018), “Recurrent computations
    for visual pattern completion”, PNAS 115, 8835.

    Args:
        ticks: That an image is shown.
        noise: Standard deviation in each pixel at each tick.
        draws: How often each image is shown in training, each time with other noise.
        every: Whether the answer after every tick counts in training, or that after the last.
        validation: Share of the training images that fitness is judged on and that nobody learns
            from; 0 for none, and then it is judged on all.
        data_seed: Of the split, and of the noise.
        measure: What fitness is; see :class:`Supervised`.

    Attributes:
        images: Without noise: (1200 less those of validation, 64), those of training, whole.
        digits: (…) int64, what they show.
        test_images: (597, 64) those of the test, whole.
        test_digits: (597,) int64.

    Raises:
        ValueError: scikit-learn is missing, or an argument is not what it should be.
    """

    def __init__(
        self,
        *,
        ticks: int = 10,
        noise: float = 0.3,
        draws: int = 1,
        every: bool = False,
        validation: float = 0.0,
        data_seed: int = 0,
        measure: Measure = "all_right",
    ) -> None:
        self.ticks = _checks.integer("ticks", ticks, 1)
        self.noise = _checks.number("noise", noise, least=0.0, finite=True)
        _checks.integer("draws", draws, 1)
        _checks.flag("every", every)
        if _checks.number("validation", validation, least=0.0, finite=True) > 0.9:
            raise ValueError(_checks.message("validation", "a share from 0 to 0.9", validation))
        draw = np.random.default_rng(_checks.integer("data_seed", data_seed, 0))
        images, digits = _images()
        order = draw.permutation(len(images))
        rest = order[_TEST:]
        held, kept = np.split(rest, [round(validation * rest.size)])
        self.images, self.digits = images[kept], digits[kept]
        self.test_images, self.test_digits = images[order[:_TEST]], digits[order[:_TEST]]
        options: dict[str, Any] = {
            "ticks": int(ticks), "noise": self.noise, "draws": int(draws), "every": bool(every),
            "validation": float(validation), "data_seed": int(data_seed), "measure": measure,
        }  # fmt: skip
        judged = self._shown(images[held], digits[held], every, draw) if held.size else None
        whole, wanted = (np.repeat(part, draws, axis=0) for part in (self.images, self.digits))
        X, Y, weights = self._shown(whole, wanted, every, draw)
        test = self._shown(self.test_images, self.test_digits, False, draw)
        super().__init__(
            "digits", options, X, Y, weights=weights, validation=judged,
            test=test, sequences=True, loss="categorical", measure=measure,
            input_names=tuple(f"{row}, {column}" for row in range(SIDE) for column in range(SIDE)),
            output_names=tuple(f"digit {k}" for k in range(10)),
        )  # fmt: skip

    def _shown(
        self, images: Array, digits: Array, every: bool, draw: np.random.Generator
    ) -> tuple[Array, Array, Array]:
        """Images (B, 64) before the network, (T, B, 64), wanted digits and the ticks that count."""
        shape = (self.ticks, len(images))
        weights = np.full(shape, float(every))
        weights[-1] = 1.0
        wanted = np.broadcast_to(np.eye(10)[digits], (*shape, 10)).copy()
        return images + draw.normal(0.0, self.noise, (*shape, SIDE * SIDE)), wanted, weights

    def seen_in_part(
        self,
        networks: Networks,
        visibilities: Sequence[float],
        *,
        ticks: int | None = None,
        draws: int = 1,
        seed: int = 0,
    ) -> Array:
        """Accuracy on test images of which a part is hidden: (N, K, T), after each tick.

        Args:
            networks: N networks.
            visibilities: (K,) shares of the pixels that are seen.
            ticks: T, by default those of training.
            draws: Of the hidden parts of each image.
            seed: Of these draws, and of the noise.
        """
        networks.interface.check_graph("networks")
        ticks = self.ticks if ticks is None else _checks.integer("ticks", ticks, 1)
        _checks.integer("draws", draws, 1)
        images, digits = (
            np.repeat(part, draws, axis=0) for part in (self.test_images, self.test_digits)
        )
        draw = np.random.default_rng(_checks.integer("seed", seed, 0))
        noise = draw.normal(0.0, self.noise, (ticks, *images.shape))
        shares = []
        for visibility in visibilities:
            outputs = networks.run(hidden(images, visibility, seed=seed) + noise)
            right = (outputs.argmax(axis=-1) == digits) & ~np.isnan(outputs).any(axis=-1)
            shares.append(right.mean(axis=2))
        return np.stack(shares, axis=1)


def visible(count: int, visibility: float, seed: int) -> Array:
    """(count, 64) of 0 and 1, which pixels of each image are seen.

    Those that are, round(64 · visibility) of each, lie nearest to the middles of four windows at
    random places, by the sum of exp(−d² / 2σ²) with σ = 1.2 pixels.

    Args:
        count: Images.
        visibility: Share of the pixels, from 0 to 1.
        seed: Of the places.
    """
    _checks.integer("count", count, 0)
    share = _checks.number("visibility", visibility, least=0.0, most=1.0)
    draw = np.random.default_rng(_checks.integer("seed", seed, 0))
    middles = draw.uniform(-0.5, SIDE - 0.5, (count, _BUBBLES, 1, 2))
    pixels = np.stack(np.divmod(np.arange(SIDE * SIDE), SIDE), axis=1)
    light = np.exp(-((middles - pixels) ** 2).sum(axis=3) / (2.0 * _WIDTH**2)).sum(axis=1)
    rank = (-light).argsort(axis=1, kind="stable").argsort(axis=1)
    mask: Array = (rank < round(SIDE * SIDE * share)).astype(np.float64)
    return mask


def hidden(images: ArrayLike, visibility: float, *, seed: int = 0) -> Array:
    """Images (B, 64) of which only a part is seen, :func:`visible`; the rest is 0."""
    given = _checks.array("images", images, ("B", SIDE * SIDE), finite=True)
    return given * visible(len(given), visibility, seed)


@lru_cache(maxsize=1)
def _images() -> tuple[Array, Array]:
    """(1797, 64) from 0 to 1, and what they show, (1797,) int64."""
    try:
        from sklearn.datasets import load_digits
    except ImportError as error:
        raise ValueError(
            _checks.message(
                "digits", "the package scikit-learn", "none",
                'Install it with pip install "neatgrow[sklearn]".',
            )
        ) from error  # fmt: skip
    X, y = load_digits(return_X_y=True)
    images, digits = np.asarray(X, np.float64) / 16.0, np.asarray(y, np.int64)
    for part in (images, digits):
        part.flags.writeable = False  # one copy serves every task
    return images, digits
