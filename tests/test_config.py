"""Settings: checked, overridden by path, written to TOML and read back."""

import dataclasses
import math

import numpy as np
import pytest
from conftest import wild_config
from hypothesis import given
from hypothesis import strategies as st

from neatgrow import config as config_module
from neatgrow.columns import Choices, Genes, Values
from neatgrow.config import Config, Mutation, Species
from neatgrow.sections import SpeciesSelection


def raised(kind, call):
    with pytest.raises(kind) as caught:
        call()
    return str(caught.value)


# ------------------------------------------------------------------------------------- TOML

ROUND_TRIPS = {
    "default": Config(),
    "paper": Config.paper(),
    "none": Config(species=Species(target=None, refocus=7)),
    "odd names": Config(genes=Genes(activation=Choices(start="random", options=('a "b"', "c\\d")))),
    "extreme numbers": Config().override(
        {"genes.weight": {"minimum": -1e300, "maximum": 5e-324, "power": 0.1 + 0.2}}
    ),
    "unbounded": Config().override({"genes.weight": {"minimum": -math.inf, "maximum": math.inf}}),
    **{f"wild {seed}": wild_config(seed) for seed in range(5)},
}


@pytest.mark.parametrize("name", ROUND_TRIPS)
def test_toml_reads_back_unchanged(name):
    config = ROUND_TRIPS[name]
    assert Config.from_toml(config.to_toml()) == config
    assert Config().override(config.to_dict()) == config


@given(
    st.integers(1, 10_000),
    st.floats(0, 1),
    st.floats(0, 1e300),
    st.one_of(st.none(), st.integers(1, 99)),
    st.sampled_from(["rank", "fitness"]),
)
def test_toml_reads_any_values_back(size, chance, step, target, sharing):
    config = Config(
        population_size=size,
        mutation=Mutation(add_node=chance),
        species=Species(threshold=step, target=target),
        selection=SpeciesSelection(sharing=sharing),
    )
    assert Config.from_toml(config.to_toml()) == config


def test_toml_comes_from_a_file_or_text_and_absent_settings_keep_defaults(tmp_path):
    text = "population_size = 7\n[genes.weight]\npower = 2\n[species]\ntarget = 'none'\n"
    path = tmp_path / "settings.toml"
    path.write_text(text)
    expected = Config().override(
        {"population_size": 7, "genes.weight.power": 2.0, "species.target": None}
    )
    for source in (text, path, str(path)):
        assert Config.from_toml(source) == expected


def test_a_missing_or_broken_file_is_refused_by_name(tmp_path):
    path = tmp_path / "settings.toml"
    with pytest.raises(FileNotFoundError):
        Config.from_toml(path)
    path.write_text("population_size = = 7")
    assert raised(ValueError, lambda: Config.from_toml(path)).startswith(
        f"{path}: expected TOML, got an error: "
    )
    assert raised(ValueError, lambda: Config.from_toml("a = = 7")).startswith(
        "TOML text: expected TOML, got an error: "
    )


# -------------------------------------------------------------------------------- overriding


def test_override_changes_what_is_named_and_nothing_else():
    config = Config()
    changed = config.override({"mutation.add_node": 0.5, "genes": {"bias": {"power": 0.125}}})
    assert changed.mutation.add_node == 0.5 and changed.genes.bias.power == 0.125
    assert config == Config()
    restored = changed.override(
        {"mutation.add_node": config.mutation.add_node,
         "genes.bias.power": config.genes.bias.power}
    )  # fmt: skip
    assert restored == config
    assert config.override({}) == config
    assert config.override({"mutation": Mutation(add_node=0.5)}).mutation == Mutation(add_node=0.5)


def test_overriding_a_section_both_ways_takes_both():
    config = Config().override({"species": {"target": 3}, "species.stagnation": 4})
    assert (config.species.target, config.species.stagnation) == (3, 4)


def test_settings_cannot_be_changed_in_place_and_may_be_compared():
    config = Config()
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.population_size = 3
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.mutation.add_node = 0.5
    assert config == Config() and hash(config) == hash(Config())
    assert config != Config(population_size=3)


UNKNOWN = {
    "a misspelt setting": (
        lambda: Config(populaton_size=5),
        "Config.populaton_size: expected the name of a setting, got 'populaton_size'. Did you "
        "mean 'population_size'?"),
    "a misspelt nested setting": (
        lambda: Config().override({"mutation.ad_node": 0.1}),
        "mutation.ad_node: expected the name of a setting, got 'ad_node'. Did you mean "
        "'add_node'?"),
    "a misspelt section": (
        lambda: Config().override({"mutations.add_node": 0.1}),
        "mutations: expected the name of a section, got 'mutations'. Did you mean 'mutation'?"),
    "nothing like it": (
        lambda: Mutation(zzz=1),
        "Mutation.zzz: expected the name of a setting, got 'zzz'. Known: add_connection, add_loop, "
        "add_node, "
        "delete_connection, delete_node, disable, enable."),
    "in TOML": (
        lambda: Config.from_toml("[selektion]\nelites = 1"),
        "selektion: expected the name of a setting, got 'selektion'. Did you mean 'selection'?"),
    "in nested TOML": (
        lambda: Config.from_toml("[genes.weight]\npowr = 1"),
        "genes.weight.powr: expected the name of a setting, got 'powr'. Did you mean 'power'?"),
    "a method's name": (
        lambda: Config().override({"override.x": 1}),
        "override: expected the name of a section, got 'override'. "),
    "positional": (
        lambda: Config(150),
        "Config: expected keyword arguments only, got 1 positional. Name each setting."),
}  # fmt: skip


@pytest.mark.parametrize("name", UNKNOWN)
def test_unknown_settings_are_refused_with_the_nearest_name(name):
    call, text = UNKNOWN[name]
    message = raised(TypeError, call)
    assert message.startswith(text) if text.endswith(" ") else message == text


def test_a_setting_taken_for_a_section_is_not_answered_with_its_own_name():
    message = raised(TypeError, lambda: Config().override({"recurrent.x": 0.1}))
    assert message.startswith("recurrent: ") and "Did you mean 'recurrent'?" not in message


IMPOSSIBLE = {
    "rate above 1": (
        lambda: Mutation(add_node=1.5), ValueError,
        "Mutation.add_node: expected between 0 and 1, got 1.5."),
    "rate below 0": (
        lambda: Mutation(add_node=-0.1), ValueError,
        "Mutation.add_node: expected between 0 and 1, got -0.1."),
    "nan": (
        lambda: Mutation(add_node=math.nan), ValueError,
        "Mutation.add_node: expected between 0 and 1, got nan."),
    "nan without bounds": (
        lambda: Values(start_mean=math.nan), ValueError,
        "Values.start_mean: expected a number, got nan."),
    "no population": (
        lambda: Config(population_size=0), ValueError,
        "Config.population_size: expected at least 1, got 0."),
    "half a genome": (
        lambda: Config(population_size=1.5), TypeError,
        "Config.population_size: expected a value of type int, got 1.5."),
    "text for a number": (
        lambda: Config(population_size="many"), TypeError,
        "Config.population_size: expected a value of type int, got 'many'."),
    "true for a number": (
        lambda: Mutation(add_node=True), TypeError,
        "Mutation.add_node: expected a value of type float, got True."),
    "a number for a switch": (
        lambda: Config(recurrent=1), TypeError,
        "Config.recurrent: expected a value of type bool or 'auto', got 1."),
    "nothing for a number": (
        lambda: Config(population_size=None), TypeError,
        "Config.population_size: expected a value of type int, got None."),
    "a section of another kind": (
        lambda: Config(mutation=SpeciesSelection()), TypeError,
        "Config.mutation: expected a value of type Mutation, got SpeciesSelection("),
    "a number for a section": (
        lambda: Config.from_toml("mutation = 3"), TypeError,
        "mutation: expected a value of type Mutation, got 3."),
    "unknown option": (
        lambda: SpeciesSelection(sharing="ranks"), ValueError,
        "SpeciesSelection.sharing: expected one of fitness, rank, got 'ranks'. Did you mean"),
    "bounds crossed": (
        lambda: Values(minimum=2.0, maximum=1.0), ValueError,
        "Values.minimum: expected less than maximum 1.0, got 2.0."),
    "no options": (
        lambda: Choices(), ValueError, "Choices.options: expected at least one name, got none."),
    "one name, not a list": (
        lambda: Choices(options="tanh"), TypeError,
        "Choices.options: expected a list of names, got 'tanh'."),
    "start is no option": (
        lambda: Choices(start="rleu", options=("relu", "tanh")), ValueError,
        "Choices.start: expected one of random, relu, tanh, got 'rleu'. Did you mean 'relu'?"),
    "target of no species": (
        lambda: Species(target=0), ValueError, "Species.target: expected at least 1, got 0."),
}  # fmt: skip


@pytest.mark.parametrize("name", IMPOSSIBLE)
def test_impossible_settings_are_refused_by_name(name):
    call, kind, text = IMPOSSIBLE[name]
    assert raised(kind, call).startswith(text)


@pytest.mark.parametrize("name", ["power", "start_spread", "start_mean"])
def test_infinite_amounts_are_refused(name):
    """They could only put NaN and infinity into genes."""
    assert raised(ValueError, lambda: Values(**{name: math.inf})).startswith(f"Values.{name}: ")


def test_whole_numbers_of_numpy_are_whole_numbers():
    assert Config(population_size=np.int64(20)).population_size == 20


def test_ints_become_floats_and_lists_tuples():
    values = Values(power=2)
    assert isinstance(values.power, float)
    assert Choices(start="relu", options=["relu"]).options == ("relu",)


# ---------------------------------------------------------------------------------- presets


def test_paper_preset_holds_the_papers_printed_figures():
    paper = Config.paper()
    assert paper.population_size == 150 and not paper.recurrent
    assert (paper.distance.excess, paper.distance.disjoint) == (1.0, 1.0)
    assert paper.genes.weight.difference == 0.4 and paper.species.threshold == 3.0
    assert paper.distance.small == 20
    weight = paper.genes.weight
    assert (weight.mutate_rate, weight.replace_rate) == (0.8, 0.1)
    assert weight.perturb_rate == 1.0  # of what is not replaced: 0.9 of all, none stays
    assert (paper.mutation.add_node, paper.mutation.add_connection) == (0.03, 0.05)
    crossover = paper.crossover
    assert (crossover.mutation_only, crossover.disable, crossover.interspecies) == (
        0.25, 0.75, 0.001,
    )  # fmt: skip
    assert crossover.average == 0.0
    assert paper.species.stagnation == 15 and paper.species.target is None
    assert paper.species.refocus == 21 and paper.species.protected == 0  # more than 20
    assert not paper.species.parent_first
    assert paper.selection.elite_species_size == 6  # more than five
    assert paper.genes.activation.options == ("steep_sigmoid",)


def test_every_setting_is_documented():
    """Each field is named in its class's documentation, or its name says all."""
    plain = {"minimum", "maximum", "mutate_rate", "perturb_rate", "replace_rate", "power"}
    sections = {"start", "genes", "mutation", "crossover", "distance", "species", "selection"}
    for kind in vars(config_module).values():
        if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)) or kind is Genes:
            continue
        for field in dataclasses.fields(kind):
            if kind is Config and field.name in sections:
                continue
            told = "".join(base.__doc__ or "" for base in kind.__mro__)
            assert f"{field.name}:" in told or field.name in plain, (kind, field.name)
