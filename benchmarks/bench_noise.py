"""Champions of noisy problems beside what they are truly worth.

    python -m benchmarks.bench_noise [--seeds 12] [--lakes 20] [--picture FILE]

The first table is of a problem whose true fitness is known, between 0.5 and 1, under noise of a
standard deviation of 0.5, 1 and 2, with 200 episodes a genome and generation. Beside the champion
stand two simpler rules on the same runs, as controls: the best ever told, and a best that held in
one retest of 20 episodes and is then kept. The second is of FrozenLake-v1, where what a network
without memory is worth follows from the transitions: how many of the champions that are called
solved lie below the threshold, and by more than a standard error of 100 episodes. What they needed
is in the last columns. The picture is of the first table's champions, true against claimed. Seeds
count from 1,000; the settings of ``neatgrow.retests`` were chosen on seeds below 200.
"""

import argparse
import hashlib
import time
from typing import Any

import gymnasium
import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown

FIRST, GENERATIONS, EPISODES, RETEST = 1_000, 25, 200, 20
THRESHOLD = 0.7  # of FrozenLake
_POINTS = np.random.default_rng(0).uniform(-1.0, 1.0, (40, 3))
_WANTED = 0.8 * _POINTS[:, 0] - 0.5 * _POINTS[:, 1]


class Known:
    """Fitness 0.5 + 0.5 exp(−2 mean squared error), under noise that each genome draws itself."""

    name, inputs, outputs, noisy, solved_at = "known", 3, 1, True, None
    input_names = output_names = None
    episodes = EPISODES

    def __init__(self, deviation: float) -> None:
        self.deviation = deviation

    def true(self, networks: ng.Networks) -> Any:
        errors = (networks.predict(_POINTS)[..., 0] - _WANTED) ** 2
        return 0.5 + 0.5 * np.exp(-2.0 * errors.mean(axis=-1, dtype=np.float64))

    def evaluate(
        self, networks: ng.Networks, *, seed: int, episodes: int | None = None
    ) -> ng.Evaluation:
        true = self.true(networks)
        scores = np.empty((true.size, self.episodes if episodes is None else episodes))
        for row, value in enumerate(true):
            own = int.from_bytes(hashlib.sha256(value.tobytes()).digest()[:4], "little")
            scores[row] = np.random.default_rng((seed, own)).normal(
                value, self.deviation, scores.shape[1]
            )
        return ng.Evaluation(scores.mean(axis=1), scores.size, scores=scores)

    def statistics(self) -> None:
        return None

    def describe(self) -> dict[str, Any]:
        return {"problem": "known"}


class Simpler:
    """The champions of two simpler rules, followed beside a run."""

    def __init__(self, problem: Known, seed: int) -> None:
        self.problem = problem
        self.told, self.told_true = -np.inf, np.nan
        self.kept, self.kept_true = -np.inf, np.nan
        self._draw = np.random.default_rng(seed)

    def __call__(self, run: Any) -> None:
        population = run.population
        row = int(np.nanargmax(population.fitness))
        true = float(self.problem.true(population.genomes[[row]].compile())[0])
        if population.fitness[row] > self.told:
            self.told, self.told_true = float(population.fitness[row]), true
        if population.fitness[row] > self.kept:
            again = self._draw.normal(true, self.problem.deviation, RETEST).mean()
            if again > self.kept:
                self.kept, self.kept_true = float(again), true


RULES = ("by evidence", "the best as told", f"one retest of {RETEST}")
Found = dict[str, list[tuple[float, float]]]  # by rule: true and claimed fitness


def known(deviation: float, seeds: int) -> tuple[list[tuple[str, ...]], Found]:
    """A row for each rule, and what it is of."""
    found: Found = {rule: [] for rule in RULES}
    last, medians, share = [], [], []
    for seed in range(FIRST, FIRST + seeds):
        problem = Known(deviation)
        simpler = Simpler(problem, seed)
        result = ng.evolve(
            problem, generations=GENERATIONS, seed=seed, callbacks=[simpler], progress=False
        )
        true = problem.true(result.population.genomes.compile())
        champion = float(problem.true(result.champion.compile().networks)[0])
        pairs = (
            (champion, result.champion_fitness), (simpler.told_true, simpler.told),
            (simpler.kept_true, simpler.kept),
        )  # fmt: skip
        for rule, pair in zip(RULES, pairs, strict=True):
            found[rule].append(pair)
        last.append(true[np.argmax(result.population.fitness)])
        medians.append(np.median(true))
        spent = result.history.total("retest_episodes")
        share.append(spent / (GENERATIONS * 150 * EPISODES))
    rows = []
    for rule in RULES:
        worth, claimed = np.array(found[rule]).T
        rows.append((
            f"{deviation:g}", rule, f"{worth.mean():.3f}", f"{np.mean(last):.3f}",
            f"{np.mean(medians):.3f}", f"{np.count_nonzero(worth < medians)} of {seeds}",
            f"{claimed.mean():.3f}", f"{np.mean(share):.1%}" if rule == RULES[0] else "–",
        ))  # fmt: skip
    return rows, found


def draw(found: dict[float, Found], path: str) -> None:
    """What champions are worth against what was claimed of them, a panel for each noise."""
    import matplotlib

    matplotlib.use("agg")
    import matplotlib.pyplot as plt

    figure, panels = plt.subplots(1, len(found), figsize=(9, 3.2), sharey=True, sharex=True)
    colors = dict(zip(RULES, ("#1b6ca8", "#c8553d", "#e9a03b"), strict=True))
    for axes, (deviation, of_rule) in zip(panels, found.items(), strict=True):
        axes.plot([0.7, 1.0], [0.7, 1.0], color="0.6", linewidth=1.0)
        for rule in reversed(RULES):
            worth, claimed = np.array(of_rule[rule]).T
            axes.scatter(worth, claimed, s=22, color=colors[rule], label=rule, linewidths=0)
        axes.set_title(f"noise of {deviation:g} per episode", fontsize=10)
        axes.set_xlabel("truly worth")
        axes.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("claimed")
    panels[0].legend(frameon=False, fontsize=8, loc="upper left")
    figure.tight_layout()
    figure.savefig(path, dpi=120)


def lake_value(genome: ng.Genome) -> float:
    """Chance to reach the goal within 100 steps, exactly."""
    transitions = gymnasium.make("FrozenLake-v1").unwrapped.P  # type: ignore[attr-defined]
    actions = genome.compile().predict(np.eye(16)).argmax(axis=1)
    worth = np.zeros(16)
    for _ in range(100):
        worth = np.array([
            sum(p * (r + (0.0 if done else worth[to])) for p, to, r, done in transitions[s][a])
            for s, a in enumerate(actions)
        ])  # fmt: skip
    return float(worth[0])


def lakes(seeds: int) -> tuple[str, ...]:
    """One row: solved, and truly."""
    solved, values, evaluations, retests, seconds = 0, [], [], [], []
    for seed in range(FIRST, FIRST + seeds):
        problem = ng.Gymnasium(
            "FrozenLake-v1", episodes=5, solved_at=THRESHOLD, max_steps=100, backend="single"
        )
        start = time.perf_counter()
        result = ng.evolve(
            problem, config=ng.Config(recurrent=False), generations=100, seed=seed, progress=False
        )
        if result.solved:
            solved += 1
            values.append(lake_value(result.champion))
            evaluations.append(result.history.total("evaluations"))
            retests.append(result.history.total("retest_episodes"))
            seconds.append(time.perf_counter() - start)
    worth = np.array(values)
    error = np.sqrt(worth * (1.0 - worth) / 100)
    return (
        f"{solved} of {seeds}", f"{worth.mean():.3f} [{worth.min():.3f} – {worth.max():.3f}]",
        f"{np.count_nonzero(worth < THRESHOLD)}",
        f"{np.count_nonzero(worth < THRESHOLD - error)}", f"{np.median(evaluations):,.0f}",
        f"{np.median(retests):,.0f}", f"{np.median(seconds):.1f}",
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=12)
    parser.add_argument("--lakes", type=int, default=20)
    parser.add_argument("--picture", metavar="FILE")
    options = parser.parse_args()
    header = ("noise", "champion", "truly worth", "last generation's best as told, truly",
              "last median, truly", "below that median", "claimed",
              "episodes of retests, share")  # fmt: skip
    tables = {deviation: known(deviation, options.seeds) for deviation in (0.5, 1.0, 2.0)}
    print(markdown(header, [row for rows, _ in tables.values() for row in rows]))
    if options.picture:
        draw({deviation: found for deviation, (_, found) in tables.items()}, options.picture)
    if not options.lakes:
        return
    header = ("FrozenLake-v1 solved at 0.7", "truly worth", "below 0.7",
              "by more than a standard error", "evaluations, median", "episodes of retests, median",
              "seconds, median")  # fmt: skip
    print()
    print(markdown(header, [lakes(options.lakes)]))


if __name__ == "__main__":
    main()
