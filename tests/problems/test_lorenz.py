"""The Lorenz system against an integrator of scipy's, and fits against the published figures."""

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import neatgrow as ng
from neatgrow.problems import catalogue, lorenz


def persistence(task):
    """Says what it sees: one output for each input."""
    count = task.inputs
    return ng.Genome.from_edges(
        [(k, count + k) for k in range(count)],
        inputs=count,
        outputs=count,
        nodes={count + k: {"activation": "identity"} for k in range(count)},
    ).batch()


def test_states_follow_the_equations():
    def slope(_, s):
        return 10 * (s[1] - s[0]), s[0] * (28 - s[2]) - s[1], s[0] * s[1] - 8 / 3 * s[2]

    states = np.array(lorenz._states())
    assert states.shape == (11_000, 3)
    # Chaos makes any two integrators part; each step by itself is right to the fifth order.
    for k in (0, 500, 5000, 10_998):
        exact = solve_ivp(slope, (0, 0.01), states[k], rtol=1e-12, atol=1e-12).y[:, -1]
        assert states[k + 1] == pytest.approx(exact, abs=5e-5)
    train = states[1000:9000:10]  # the range that the sheet of the published protocol has
    assert train.min(axis=0) == pytest.approx([-18.211, -22.325, 4.539], abs=1e-3)
    assert train.max(axis=0) == pytest.approx([17.230, 24.938, 45.157], abs=1e-3)


def test_a_tick_is_ten_steps_and_the_next_state_is_wanted():
    task = lorenz.lorenz()
    train, test = lorenz.scaled_states()
    assert task.X.shape == task.Y.shape == (799, 1, 3) and task.test[0].shape == (199, 1, 3)
    assert np.array_equal(task.X[1:], task.Y[:-1]) and np.array_equal(task.X[:, 0], train[:-1])
    assert np.array_equal(task.test[1][:, 0], test[1:])
    assert train.min(axis=0).tolist() == [-1] * 3 and train.max(axis=0).tolist() == [1] * 3
    assert task.Y.shape == (799, 1, 3) and lorenz.lorenz(outputs="z").Y.shape == (799, 1, 1)
    assert np.array_equal(lorenz.lorenz(outputs="z").Y[..., 0], task.Y[..., 2])
    alone = lorenz.lorenz(inputs="x")
    assert np.array_equal(alone.X[..., 0], task.X[..., 0]) and alone.outputs == 1
    assert alone.name == "lorenz-x" == catalogue.build("lorenz-x").name
    more = lorenz.lorenz(products=True)
    assert more.input_names == ("x", "y", "z", "xy", "xz", "yz")
    x, y, z, xy, xz, yz = more.X[17, 0]
    assert (xy, xz, yz) == (x * y, x * z, y * z)


def test_the_test_can_go_on_where_training_ended():
    apart, on = lorenz.lorenz(), lorenz.lorenz(continued=True)
    X, Y, weights = on.test
    assert X.shape == (999, 1, 3) and weights.sum() == 199
    counted = weights[:, 0] > 0
    assert np.array_equal(X[counted], apart.test[0]) and np.array_equal(Y[counted], apart.test[1])
    assert np.array_equal(X[:799], apart.X)
    genomes = persistence(apart)
    for task in (apart, on):
        assert task.losses(genomes.compile(float), *task.test)[0] == pytest.approx(
            lorenz.fits_of(apart)["persistence"], rel=1e-12
        )


@pytest.mark.parametrize(
    ("options", "published"),
    [
        ({}, {"mean": 0.175, "persistence": 0.082, "linear": 0.0553, "products": 0.0115,
              "quadratic": 0.0071, "cubic": 0.00066}),
        ({"outputs": "z"}, {"mean": 0.184, "persistence": 0.130, "linear": 0.1076,
                            "products": 0.0221, "quadratic": 0.0090, "cubic": 0.0012}),
        ({"inputs": "x"}, {"lags": 0.019}),
    ],
)  # fmt: skip
def test_fits_are_those_of_the_sheet(options, published):
    found = lorenz.fits_of(lorenz.lorenz(**options))
    for name, error in published.items():
        digits = len(f"{error}".partition(".")[2])
        assert round(found[name], digits) == error, (name, found[name])


def test_fits_of_one_input():
    task = lorenz.lorenz(inputs="x")
    found = lorenz.fits_of(task, lags=1)
    assert found["linear"] == pytest.approx(found["lags"]) == pytest.approx(found["products"])
    x, y = task.X[:, 0, 0], task.Y[:, 0, 0]
    slope, offset = np.polyfit(x, y, 1)
    error = slope * task.test[0].ravel() + offset - task.test[1].ravel()
    assert found["linear"] == pytest.approx((error**2).mean())
    cubic = np.polyval(np.polyfit(x, y, 3), task.test[0].ravel()) - task.test[1].ravel()
    assert found["cubic"] == pytest.approx((cubic**2).mean())


def test_fitness_is_minus_the_error_and_there_is_something_to_learn():
    task = lorenz.lorenz()
    genomes = persistence(task)
    error = ((task.X - task.Y) ** 2).mean()
    assert task.evaluate(genomes.compile(float)).fitness[0] == pytest.approx(-error, rel=1e-12)
    lessons = task.lessons()
    assert lessons.sequences and lessons.loss == "mse" and lessons.X is task.X
    tuned, losses = ng.fine_tune(genomes[0], lessons, steps=30, optimizer=ng.Adam(0.05))
    assert losses[-1] < losses[0]
    assert task.losses(tuned.batch().compile(), task.X, task.Y)[0] < error


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lorenz.lorenz(inputs="x", products=True),
         "products: expected False where x alone is seen, got True."),
        (lambda: lorenz.lorenz(inputs="xy"),
         "inputs: expected one of xyz, x, got 'xy'. Did you mean 'xyz'?"),
        (lambda: lorenz.fits_of(lorenz.lorenz(), lags=0),
         "lags: expected an integer of at least 1, got 0."),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_in_words(call, message):
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == message
