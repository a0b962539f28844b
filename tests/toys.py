"""Gene columns of a user's own, in all three tables, registered where they are imported."""

from conftest import wild_config

import neatgrow as ng

NUMBERS = ng.Values(
    start_spread=0.5, minimum=-2.0, maximum=3.0, mutate_rate=0.6, power=0.4, difference=0.3
)
OPTIONS = ("one", "two", "three")
CHOICES = ng.Choices(options=OPTIONS, swap_rate=0.2, difference=0.25)
DRIFT = ng.Values(start_mean=0.25, start_spread=0.0, mutate_rate=0.0)

ng.register_column("toy_gain", "node", NUMBERS, label="γ")
ng.register_column("toy_shape", "node", CHOICES)
ng.register_column("toy_rate", "connection", NUMBERS, label="η")
ng.register_column("toy_rule", "connection", CHOICES)
ng.register_column("toy_power", "genome", NUMBERS)
ng.register_column("toy_mode", "genome", CHOICES)
ng.register_column("toy_drift", "node", DRIFT)

NAMES = ("toy_gain", "toy_shape", "toy_rate", "toy_rule", "toy_power", "toy_mode")
VALUES, OPTION_COLUMNS = NAMES[::2], NAMES[1::2]
ALL = {f"genes.{name}": True for name in NAMES}
SOME = {f"genes.{name}": True for name in ("toy_gain", "toy_rule")}  # one of each kind


def toy_config(seed, **changes):
    """Wild settings with every toy column."""
    return wild_config(seed).override(ALL | changes)
