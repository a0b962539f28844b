"""XOR: evaluations to solve over many seeds, for the paper's settings and the defaults.

    python -m benchmarks.bench_xor [--seeds 100]

Beside it the figures of Stanley & Miikkulainen (2002), section 4.2: 4,755 evaluations
(sd 2,553), 2.35 hidden nodes (sd 1.11), 7.48 enabled connections, no failure in 100 runs.
"""

import argparse

import numpy as np

import neatgrow as ng
from benchmarks.timing import markdown

GENERATIONS = 1000


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seeds", type=int, default=100)
    seeds = parser.parse_args().seeds
    header = ("settings", "solved", "evaluations", "sd", "median", "most", "hidden", "connections")
    rows = [("paper, printed", "100 of 100", "4755", "2553", "–", "13459", "2.35", "7.48")]
    for name, config, paper in (
        ("Config.paper()", ng.Config.paper(), True),
        ("Config()", ng.Config(), False),
    ):
        found = ng.repeat(ng.XOR(paper=paper), seeds=seeds, config=config, generations=GENERATIONS)
        solved = found["solved"]
        spent, hidden, connections = (
            found[column][solved] for column in ("evaluations", "hidden", "connections")
        )
        rows.append(
            (
                name,
                f"{len(spent)} of {seeds}",
                f"{spent.mean():.0f}",
                f"{spent.std(ddof=1):.0f}",
                f"{np.median(spent):.0f}",
                f"{spent.max():.0f}",
                f"{hidden.mean():.2f}",
                f"{connections.mean():.2f}",
            )
        )
    print(markdown(header, rows))


if __name__ == "__main__":
    main()
