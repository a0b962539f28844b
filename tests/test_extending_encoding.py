"""A user's encoding, a CPPN that paints a substrate, through all that a run is and leaves."""

import pickle
from dataclasses import replace

import numpy as np
import pytest
from painting import CONFIG, Narrow, Paint

import neatgrow as ng
from neatgrow import _settings
from neatgrow.cli import main
from neatgrow.evaluation.base import judged
from neatgrow.genomes.genomes import Genomes
from neatgrow.sections import Direct

GIVEN = {"config": CONFIG, "seed": 3, "generations": 6, "solved_at": 1e9, "progress": False}
REFUSED = (
    "expected the phenotype, got a genome of the encoding 'paint'. Call phenotype\\(\\) first."
)


def cartpole(**options):
    return ng.Gymnasium("CartPole-v1", episodes=1, max_steps=100, backend="gymnasium", **options)


@pytest.fixture(scope="module")
def run(tmp_path_factory):
    directory = tmp_path_factory.mktemp("runs") / "painted"
    return ng.evolve(ng.XOR(), directory=directory, **GIVEN)


@pytest.fixture(scope="module")
def played(tmp_path_factory):
    given = {**GIVEN, "generations": 2}
    return ng.evolve(cartpole(), directory=tmp_path_factory.mktemp("runs") / "played", **given)


# ------------------------------------------------------------------------ genomes and graphs


def test_the_champion_is_a_cppn_and_its_phenotype_the_substrate(run):
    face = run.champion.interface
    assert (face.inputs, face.outputs, face.encoding) == (4, 1, Paint())
    assert face.phenotype.input_names == ("a", "b") and face.input_names[0] == "x1"
    graph = run.phenotype
    assert (graph.n_inputs, graph.n_outputs, graph.n_hidden) == (2, 1, 4)
    assert graph.interface.encoding == Direct() and graph.phenotype() is graph
    assert graph.interface.output_names == ("a xor b",)
    told = ng.XOR().evaluate(graph.batch().compile()).fitness[0]
    assert told == run.champion_fitness


def test_fitness_of_what_is_painted_improves(run):
    champion = run.history["champion"]
    assert champion[-1] > champion[0] + 0.05


def test_each_weight_is_what_the_cppn_answers_for_its_ends(run):
    graph, cppn = run.phenotype, run.champion.compile(np.float64)
    place = {0: (-1, -1), 1: (1, -1), 2: (-1, 1)}
    place |= {3 + h: (x, 0) for h, x in enumerate(np.linspace(-1, 1, 4))}
    for source, target, weight, on in zip(
        graph.source, graph.target, graph.weight, graph.enabled, strict=True
    ):
        painted = cppn.predict([[*place[int(source)], *place[int(target)]]])[0, 0]
        assert weight == 3.0 * painted and on == (abs(painted) > 0.1)


def test_without_an_encoding_genomes_stand_for_themselves():
    genomes = ng.Population(2, 1, ng.Config(population_size=3)).ask()
    assert genomes.phenotype() is genomes
    genome = genomes[0]
    assert genome.phenotype() is genome


def test_repeated_genomes_have_their_own_values_and_one_structure(run):
    graph = run.phenotype
    weight = np.arange(24.0).reshape(2, 12)
    bias, enabled = np.ones((2, 5)), weight % 2 == 0
    genomes = graph.repeated(weight, bias=bias, enabled=enabled)
    genomes.check()
    assert np.array_equal(genomes.weight, weight.ravel()) and (genomes.bias == 1).all()
    assert np.array_equal(genomes[1].enabled, enabled[1])
    assert np.array_equal(genomes[1].source, graph.source)
    assert not np.shares_memory(genomes.weight, graph.weight)
    assert np.array_equal(graph.repeated(weight)[0].enabled, graph.enabled)
    assert len(graph.repeated(np.empty((0, 12)))) == 0
    for given in ({"weight": weight[:, 1:]}, {"weight": weight[0]}, {"weight": np.nan * weight},
                  {"weight": weight, "bias": bias[:1]}):  # fmt: skip
        with pytest.raises(ValueError, match="expected"):
            graph.repeated(**given)


def other_inputs(genomes):
    return ng.Population(3, 1, ng.Config(population_size=len(genomes))).ask()


def too_few(genomes):
    return ng.Population(2, 1, ng.Config(population_size=1)).ask()


def unsound(genomes):
    graphs = Paint().decode(genomes)
    return Genomes(graphs.packed._replace(source=graphs.source + 99), graphs.interface)


@pytest.mark.parametrize(
    ("answer", "error", "message"),
    [
        (other_inputs, ValueError, "expected 20 graphs of 2 inputs and 1 outputs"),
        (too_few, ValueError, "expected 20 graphs"),
        (lambda genomes: genomes, ValueError, "expected 20 graphs"),
        (lambda genomes: None, TypeError, "expected Genomes, got None"),
        (unsound, ValueError, "source: expected a node of genome 0"),
    ],
)
def test_what_decode_answers_is_checked_and_the_encoding_named(monkeypatch, answer, error, message):
    genomes = ng.Population(2, 1, CONFIG).ask()
    monkeypatch.setattr(Paint, "decode", lambda self, genomes: answer(genomes))
    if answer is unsound:
        monkeypatch.undo()
        graphs = unsound(genomes)
        monkeypatch.setattr(Paint, "decode", lambda self, genomes: graphs)
    with pytest.raises(error, match=f"encoding 'paint': decode: {message}"):
        genomes.phenotype()


def test_an_encoding_must_answer_with_an_interface(monkeypatch):
    monkeypatch.setattr(Paint, "interface", lambda self, phenotype: (4, 1))
    with pytest.raises(TypeError, match="encoding 'paint': interface: expected an Interface"):
        ng.Population(2, 1, CONFIG)


def test_an_interface_has_an_encoding_and_a_phenotype_or_neither():
    for given in ({"encoding": Paint()}, {"phenotype": ng.Interface(2, 1)}):
        with pytest.raises(ValueError, match="phenotype: expected one with an encoding"):
            ng.Interface(4, 1, **given)


# -------------------------------------------------------------- evaluation, here and elsewhere


def test_workers_decode_and_the_parent_compiles_nothing_of_a_generation(run, monkeypatch):
    compile_, counts = Genomes.compile, []
    monkeypatch.setattr(
        Genomes, "compile", lambda self, *a: (counts.append(len(self)), compile_(self, *a))[1]
    )
    elsewhere = ng.evolve(ng.XOR(), processes=2, **GIVEN)
    assert elsewhere.fingerprint == run.fingerprint
    assert not counts
    assert elsewhere.history.total("seconds_compilation") < 0.1


def test_an_executor_gives_the_same(run):
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(2) as executor:
        assert ng.evolve(ng.XOR(), executor=executor, **GIVEN).fingerprint == run.fingerprint


def test_a_genome_whose_decoding_fails_is_named_and_costs_itself_alone():
    given = {**GIVEN, "generations": 2, "config": CONFIG.override({"encoding": {"kind": "narrow"}})}
    here = ng.evolve(ng.XOR(), **given)
    assert 0 < len(here.failures) < 40 and "too heavy" in here.failures[0][2]
    assert "decode" in here.traceback
    assert ng.evolve(ng.XOR(), processes=2, **given).fingerprint == here.fingerprint
    with pytest.raises(ng.EvaluationError, match="too heavy"):
        ng.evolve(ng.XOR(), on_error="raise", **given)


def test_interrupted_and_resumed_equals_uninterrupted(run, tmp_path):
    part = ng.evolve(
        ng.XOR(), directory=tmp_path / "part", callbacks=[lambda run: len(run.history) == 3],
        **GIVEN,
    )  # fmt: skip
    assert len(part.history) == 3
    result = ng.resume(tmp_path / "part", progress=False)
    assert result.fingerprint == run.fingerprint
    assert result.champion == run.champion and result.champion.interface.encoding == Paint()


def test_statistics_of_a_normalised_problem_are_those_of_the_phenotype(tmp_path):
    problem = ng.Gymnasium(
        "Pendulum-v1", episodes=1, max_steps=20, normalize=True, backend="gymnasium"
    )
    given = {**GIVEN, "generations": 2}
    result = ng.evolve(problem, directory=tmp_path / "run", **given)
    face = result.champion.interface
    assert face.input_mean is None and face.phenotype.input_mean.shape == (3,)
    graph = result.phenotype.interface
    assert np.array_equal(graph.input_mean, face.phenotype.input_mean)
    again = ng.resume(tmp_path / "run", progress=False)
    assert again.fingerprint == result.fingerprint
    loaded = ng.load_genome(tmp_path / "run" / "champion.npz").phenotype()
    assert np.array_equal(loaded.interface.input_mean, graph.input_mean)
    with pytest.raises(ValueError, match="input_mean"):
        result.champion.with_interface(input_mean=np.zeros(4), input_scale=np.ones(4))


# -------------------------------------------------------------------------- no CPPN at work


def test_networks_of_a_cppn_are_refused_by_every_problem(played):
    cppn = played.champion  # of four inputs, as CartPole has
    networks = cppn.batch().compile()
    one_output = ng.Interface(4, 1)
    problem = cartpole()
    assert problem.inputs == one_output.inputs
    simulated = ng.PoleBalancing(velocities=True)
    samples = ng.Supervised(np.zeros((2, 4)), np.zeros((2, 1)))
    for call in (
        lambda: problem.evaluate(networks, seed=0),
        lambda: next(problem.play(cppn.compile())),
        lambda: judged(problem, networks, seed=0),
        lambda: simulated.evaluate(networks),
        lambda: samples.evaluate(networks),
        lambda: samples.accuracy(networks, np.zeros((2, 4)), np.zeros((2, 1))),
        lambda: ng.fine_tune(cppn, np.zeros((2, 4)), np.zeros((2, 1))),
        lambda: ng.fine_tune_policy(cppn, problem),
    ):
        with pytest.raises(ValueError, match=REFUSED):
            call()
    from neatgrow.problems.function import Function

    with pytest.raises(ValueError, match=REFUSED):
        Function(lambda network: 0.0, inputs=4, outputs=1).evaluate(networks)


def test_a_problem_of_the_user_never_sees_a_cppn():
    seen = []

    def fitness(network):
        seen.append((network.interface.inputs, network.interface.encoding))
        return float(network.activate([1.0] * 4)[0])

    ng.evolve(fitness, inputs=4, outputs=1, **{**GIVEN, "generations": 2})
    assert seen and set(seen) == {(4, Direct())}


def test_learning_within_a_run_is_refused_and_the_phenotype_can_go_on(run):
    with pytest.raises(ValueError, match=r"learning: .*encoding 'paint'.*fine_tune"):
        ng.evolve(ng.XOR(), learning=ng.Learning(steps=2), **GIVEN)
    tuned, losses = ng.fine_tune(run.phenotype, ng.XOR().lessons(), steps=20)
    assert losses[-1] < losses[0] and tuned.interface.encoding == Direct()


# --------------------------------------------------------------------------- pictures, pages


def test_draw_shows_the_genome_and_pictures_of_work_the_phenotype(run):
    assert ng.draw(run.champion).findobj() and ng.draw(run.phenotype).findobj()
    X = ng.XOR().X
    ng.draw_activity(run.champion, X)  # two inputs, not four
    ng.draw_decisions(run.champion, X, ng.XOR().Y)
    with pytest.raises(ValueError, match="2 inputs"):
        ng.draw_decisions(run.champion.compile())  # asked for as it is


def test_the_report_shows_the_phenotype_and_says_so(run, tmp_path):
    page = ng.report(run, tmp_path / "result.html").read_text("utf-8")
    assert "This graph is the phenotype." in page and "encoding paint" in page
    assert "2 inputs, 4 hidden nodes" in page and "could not be made" not in page
    again = ng.report(run.directory, tmp_path / "directory.html").read_text("utf-8")
    assert "This graph is the phenotype." in again and "could not be made" not in again
    assert run._repr_html_() is not None and "its phenotype" in run._repr_html_()


def test_show_prints_the_genome_and_draws_both(run, capsys):
    assert main(["show", str(run.directory)]) == 0
    said = capsys.readouterr().out
    assert "stands, by the encoding paint, for Genome(2 inputs, 1 outputs, 4 hidden" in said
    assert (run.directory / "network.png").is_file() and (run.directory / "genome.png").is_file()


def test_watch_plays_the_phenotype_and_says_so(played, capsys, monkeypatch):
    seen = []

    def play(self, network, **options):
        seen.append(network.interface)
        return iter(())

    monkeypatch.setattr(ng.Gymnasium, "play", play)
    assert main(["watch", str(played.directory), "--episodes", "1"]) == 0
    assert seen[0].encoding == Direct() and seen[0].inputs == 4
    assert "by the encoding paint" in capsys.readouterr().out


# ------------------------------------------------------------------------------------- files


def test_genomes_carry_their_encoding_through_files_pickles_and_graphs(run, tmp_path):
    genome = run.champion.with_interface(input_mean=np.array([0.1, 1 / 3]), input_scale=np.ones(2))
    genome.save(tmp_path / "genome.npz")
    copies = [ng.load_genome(tmp_path / "genome.npz"), pickle.loads(pickle.dumps(genome))]
    copies.append(ng.Genome.from_networkx(genome.to_networkx()))
    for copy in copies:
        face = copy.interface
        assert copy == genome and face.encoding == Paint()
        assert copy.phenotype() == genome.phenotype()
        assert np.array_equal(face.phenotype.input_mean, [0.1, 1 / 3])
        assert face.phenotype.input_names == ("a", "b")
    other = ng.Genome(genome.packed, replace(genome.interface, encoding=Paint(hidden=5)))
    assert other != genome


def test_a_genome_of_an_unknown_encoding_is_refused_by_name(run, tmp_path, monkeypatch):
    run.champion.save(tmp_path / "genome.npz")
    monkeypatch.delitem(_settings.KINDS["encoding"], "paint")
    for load in (
        lambda: ng.load_genome(tmp_path / "genome.npz"),
        lambda: ng.resume(run.directory),
        lambda: ng.report(run.directory, tmp_path / "page.html"),
    ):
        with pytest.raises(ng.FileError, match="'paint'\\. Import the module that defines it"):
            load()


def test_a_population_goes_on_from_its_file(tmp_path):
    population = ng.Population(2, 1, CONFIG, seed=1)
    for _ in range(2):
        genomes = population.ask().phenotype()
        population.tell(ng.XOR().evaluate(genomes.compile()).fitness)
    population.save(tmp_path / "population.npz")
    again = ng.Population.load(tmp_path / "population.npz")
    assert again.interface.encoding == Paint() and again.interface.phenotype.inputs == 2
    assert all(a == b for a, b in zip(population.ask(), again.ask(), strict=True))


def test_the_encoding_of_a_run_cannot_change(run):
    with pytest.raises(ValueError, match=r"encoding: expected .* as when the run began"):
        ng.resume(run.directory, changes={"encoding.hidden": 5}, generations=9)


def test_settings_of_an_encoding_live_in_toml():
    config = ng.Config().override({"encoding": {"kind": "paint", "hidden": 2}})
    assert config.encoding == Paint(hidden=2)
    assert ng.Config.from_toml(config.to_toml()) == config


# ------------------------------------------------------------------------- automatic choices


def test_genomes_of_an_encoding_have_no_loops_and_outputs_like_the_others(played):
    config = played.population.config
    assert config.recurrent is False and config.genes.activation.outputs is None
    from neatgrow import automatic

    said = automatic.said(config, played.population.chosen, played.problem)
    assert said == "no loops in the genomes, of the encoding paint"


def test_an_encoding_settles_settings_that_are_auto(monkeypatch):
    seen = []

    def automatic(self, setting, problem):
        seen.append((setting, problem))
        return {"recurrent": False, "genes.activation.outputs": "sin"}[setting]

    monkeypatch.setattr(Narrow, "automatic", automatic)
    given = {**GIVEN, "generations": 1, "config": CONFIG.override({"encoding": {"kind": "narrow"}})}
    problem = ng.XOR()
    result = ng.evolve(problem, **given)
    assert set(result.champion.activation_names[:1]) == {"sin"}
    assert ("genes.activation.outputs", problem) in seen


def test_no_warning_about_targets_that_a_cppn_need_not_reach(recwarn):
    far = ng.Supervised(np.zeros((2, 2)), [[9.0], [-9.0]])
    config = CONFIG.override({"genes.activation.outputs": "sigmoid"})
    ng.evolve(far, **{**GIVEN, "config": config, "generations": 1})
    assert not recwarn.list
