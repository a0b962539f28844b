"""The design's layers, read from the source: who may import whom, and what from outside."""

import ast
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

import neatgrow

ROOT = Path(neatgrow.__file__).parent

# Module or folder (with a trailing dot) → row. A longer name wins.
ROWS = {
    "_checks": 0, "_settings": 0, "config": 0, "automatic": 0,
    "kernels.": 1,
    "genomes": 2, "files": 2,
    "variation": 3, "species": 3, "networks": 3, "storage": 3,
    "learning.": 4,
    "population": 5, "problems.": 5,
    "evolution": 6, "results": 6, "runs": 6, "reading": 6, "locks": 2, "history": 6, "progress": 6,
    "checkpoints": 6, "retests": 6, "lineage": 6, "lineage_storage": 6, "ancestry": 6, "loop": 6,
    "plotting.": 7, "bridge": 7, "cli": 7, "__main__": 7,
}  # fmt: skip

# What each row, or one module, may import from outside the standard library.
OUTSIDE = {
    0: {"numpy"},
    1: {"numpy", "numba"},
    2: {"numpy"},
    3: {"numpy"},
    4: {"numpy"},
    5: {"numpy"},
    6: {"numpy"},
    7: {"numpy", "matplotlib"},
    "kernels.functions": {"numpy", "numba", "llvmlite"},  # numba's own code generator
    "kernels.simulators": {"numpy", "numba", "llvmlite"},
    "problems.backends": {"numpy", "gymnasium"},
    "problems.environments": {"numpy", "gymnasium"},
    "problems.envpools": {"numpy", "gymnasium", "envpool"},
    "problems.executors": {"numpy", "ray"},
    "problems.workers": {"numpy", "cloudpickle"},
    "problems.gymnasium": {"numpy", "gymnasium"},
    "problems.play": {"numpy", "gymnasium"},
    "problems.lockstep": {"numpy", "gymnasium"},
    "problems.singles": {"numpy", "gymnasium"},
    "problems.spaces": {"numpy", "gymnasium"},
    "problems.tasks": {"numpy", "mnist1d"},
    "bridge": {"numpy", "networkx"},
    "plotting.films": {"numpy", "matplotlib", "PIL"},  # which matplotlib needs itself
    "plotting.episodes": {"numpy", "matplotlib", "PIL"},
    "plotting.marks": {"numpy", "networkx", "matplotlib"},
    "lineage": {"numpy", "networkx"},
    "cli": {"numpy"},
}

# Imports inside functions that go up or sideways: methods that would be missed elsewhere.
LAZY = {
    ("genomes", "networks"), ("genomes", "storage"), ("genomes", "bridge"),
    ("population", "checkpoints"),
    ("cli", "plotting.history"), ("cli", "plotting.overview"), ("cli", "plotting.network"),
    ("cli", "plotting.animation"), ("cli", "plotting.changes"), ("cli", "plotting.films"),
    ("cli", "plotting.report"),
    ("genomes", "plotting.notebook"), ("networks", "plotting.notebook"),
    ("results", "plotting.notebook"),
}  # fmt: skip
SIDEWAYS = {("plotting.marks", "bridge"), ("__main__", "cli")}


def name_of(path):
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


MODULES = {
    name_of(path): path
    for path in sorted(ROOT.rglob("*.py"))
    if path.name != "__init__.py" and "__pycache__" not in path.parts
}
FOLDERS = {
    name_of(path).removesuffix(".__init__"): path
    for path in sorted(ROOT.rglob("__init__.py"))
    if path.parent != ROOT
}


def row_of(module):
    known = [name for name in ROWS if module == name or (
        name.endswith(".") and f"{module}.".startswith(name))]  # fmt: skip
    assert known, (
        f"neatgrow/{module.replace('.', '/')}.py: expected in one row of ROWS, found in none. "
        "Add it to ROWS in tests/test_layering.py."
    )
    return ROWS[max(known, key=len)]


def imports_of(path):
    """(dotted name, whether at module level) of everything imported, type checking aside."""
    package = [*path.relative_to(ROOT.parent).parts[:-1]]

    def names(node):
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        base = node.module or ""
        if node.level:
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
        return [f"{base}.{alias.name}" for alias in node.names]

    def walk(node, outside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from walk(ast.Module(child.orelse, []), outside)
            elif isinstance(child, (ast.Import, ast.ImportFrom)):
                yield from ((name, outside) for name in names(child))
            else:
                inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
                yield from walk(child, outside and not inside)

    return list(walk(ast.parse(path.read_text("utf-8")), True))


def internal(name):
    """The module of this package that a dotted name lies in, or ``None``."""
    parts = name.split(".")
    if parts[0] != "neatgrow":
        return None
    for stop in range(len(parts), 1, -1):
        module = ".".join(parts[1:stop])
        if module in MODULES or module in FOLDERS:
            return module
    return None  # the package itself, such as its version


def folder(module):
    return module.rpartition(".")[0]


def allowed(module, target, at_top):
    if row_of(target) < row_of(module) or (module, target) in SIDEWAYS:
        return True
    if folder(module) == folder(target) and row_of(target) == row_of(module):
        return True
    return not at_top and (module, target) in LAZY


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_from_lower_rows_or_its_own_folder(module):
    for name, at_top in imports_of(MODULES[module]):
        target = internal(name)
        if target and target != module:
            assert allowed(module, target, at_top), (
                f"{module} (row {row_of(module)}) imports {target} (row {row_of(target)})"
                f"{'' if at_top else ' inside a function, which LAZY does not list'}"
            )


def test_no_modules_import_each_other_in_a_circle():
    graph = nx.DiGraph()
    for module, path in MODULES.items():
        for name, at_top in imports_of(path):
            target = internal(name)
            if at_top and target and target != module:
                graph.add_edge(module, target)
    assert graph.number_of_edges() > 30
    assert not list(nx.simple_cycles(graph))


@pytest.mark.parametrize("module", MODULES)
def test_module_uses_only_what_its_row_may_from_outside(module):
    may = OUTSIDE.get(module, OUTSIDE[row_of(module)])
    used = {name.split(".")[0] for name, _ in imports_of(MODULES[module])}
    assert used - {"neatgrow"} - set(sys.stdlib_module_names) <= may


@pytest.mark.parametrize("package", FOLDERS)
def test_folders_import_nothing_by_themselves(package):
    assert not imports_of(FOLDERS[package])


def test_the_package_imports_nothing_of_its_own_at_once():
    for name, at_top in imports_of(ROOT / "__init__.py"):
        assert not at_top or name.split(".")[0] in sys.stdlib_module_names


def test_the_explicit_exceptions_are_all_in_use():
    used = {
        (module, internal(name)) for module, path in MODULES.items() for name, _ in imports_of(path)
    }
    assert used >= LAZY | SIDEWAYS


def test_the_checker_sees_violations(tmp_path):
    path = ROOT / "kernels" / "made_up.py"  # never written: only parsed
    code = "from neatgrow.population import Population\ndef f():\n    from .. import species\n"

    class Fake:
        def read_text(self, _):
            return code

        def relative_to(self, other):
            return path.relative_to(other)

    found = [(internal(name), at_top) for name, at_top in imports_of(Fake())]
    assert found == [("population", True), ("species", False)]
    assert not any(allowed("kernels.made_up", target, at_top) for target, at_top in found)
    with pytest.raises(AssertionError, match="Add it to ROWS"):
        row_of("novel")


def loaded_by(code, environment):
    program = f"import sys\n{code}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
        check=True, timeout=120,
    )  # fmt: skip
    return set(done.stdout.split())


OPTIONAL = {"gymnasium", "matplotlib", "mnist1d", "networkx", "pygame"}


def test_importing_neatgrow_loads_no_optional_package(subprocess_environment):
    loaded = loaded_by("import neatgrow", subprocess_environment)
    assert "neatgrow" in loaded and not loaded & OPTIONAL


def test_evolving_loads_no_optional_package(subprocess_environment):
    code = (
        "import neatgrow as ng\n"
        "population = ng.Population(2, 1, ng.Config(population_size=5))\n"
        "genomes = population.ask(); genomes.compile().predict([[0.0, 1.0]])\n"
        "population.tell([0.0] * 5); population.ask()"
    )
    loaded = loaded_by(code, subprocess_environment)
    assert "numba" in loaded and not loaded & OPTIONAL


def test_every_public_name_loads():
    for name in neatgrow.__all__:
        assert getattr(neatgrow, name) is not None
    with pytest.raises(AttributeError):
        _ = neatgrow.no_such_name
