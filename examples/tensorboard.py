"""Watch a run in TensorBoard: a callback that writes each generation as scalars.

    pip install "neatgrow[tensorboard]"
    python examples/tensorboard.py
    tensorboard --logdir scalars

A callback is called with the run after each generation; here it is an object that keeps a writer.
"""

import neatgrow as ng


class Scalars:
    """Writes columns of the history to a folder that TensorBoard reads."""

    columns = ("best", "mean", "champion", "species", "nodes", "connections", "seconds_evaluation")

    def __init__(self, folder: str) -> None:
        from tensorboardX import SummaryWriter

        self.writer = SummaryWriter(folder)

    def __call__(self, run: ng.Evolution) -> None:
        row = run.history[-1]
        for name in self.columns:
            self.writer.add_scalar(name, row[name], row["generation"])
        self.writer.flush()


def main() -> None:
    scalars = Scalars("scalars/xor")
    result = ng.evolve(ng.XOR(), generations=50, seed=1, callbacks=scalars)
    scalars.writer.close()
    print(f"{len(result.history)} generations are in scalars/xor")


if __name__ == "__main__":
    main()
