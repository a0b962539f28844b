"""The order of the folders, read from the source: who imports whom, and what from outside."""

import ast
import subprocess
import sys
from pathlib import Path

import networkx as nx
import pytest

import neatgrow

ROOT = Path(neatgrow.__file__).parent

# Folders from the lowest to the highest: a file imports its own folder or lower ones. "" stands for
# the files beside the folders, which are the lowest but for those of HIGHEST.
ORDER = [
    "", "kernels", "genomes", "files", "networks", "learning", "learning.policy", "selection",
    "evaluation", "problems.gymnasium", "problems.simulation", "problems", "lineage", "runs",
    "export", "plotting", "plotting.graph", "plotting.films", "plotting.pages",
]  # fmt: skip
LOWEST = {
    "_types", "_checks", "_means", "_memory", "_settings", "columns", "sections", "timing",
    "config", "automatic",
}  # fmt: skip
HIGHEST = ["warm", "cli", "__main__"]

# Methods that would be missed elsewhere: what they import, when they are called, lies higher.
HOOKS = {
    ("genomes.genomes", "compile", "networks.networks"),
    ("genomes.genomes", "save", "files.genomes"),
    ("genomes.genomes", "from_edges", "genomes.build"),
    ("genomes.genomes", "children", "genomes.children"),
    ("genomes.genomes", "mutated", "genomes.children"),
    ("genomes.genomes", "crossed", "genomes.children"),
    ("genomes.genomes", "policy", "problems.policies"),
    ("genomes.genomes", "to_networkx", "export.networkx"),
    ("genomes.genomes", "from_networkx", "export.networkx"),
    ("genomes.genomes", "_repr_svg_", "plotting.pages.notebook"),
    ("networks.networks", "_repr_svg_", "plotting.pages.notebook"),
    ("selection.population", "save", "runs.checkpoints"),
    ("selection.population", "load", "runs.checkpoints"),
    ("selection.population", "_recorded", "runs.records"),
    ("runs.results", "_repr_html_", "plotting.pages.notebook"),
}

# What a folder, or one file, may import besides numpy and the standard library.
OUTSIDE = {
    "kernels": {"numba"},
    "kernels.functions": {"numba", "llvmlite"},  # numba's own code generator
    "kernels.dynamics": {"numba", "llvmlite"},
    "kernels.simulators": {"numba", "llvmlite"},
    "kernels.team": {"numba", "llvmlite"},
    "kernels.ir_only": {"numba"},
    "files.provenance": {"numba", "llvmlite"},  # their versions
    "evaluation.executors": {"ray"},
    "evaluation.sending": {"numba"},  # its copy of cloudpickle
    "evaluation.workers": {"cloudpickle"},
    "problems.gymnasium": {"gymnasium"},
    "problems.gymnasium.envpools": {"gymnasium", "envpool"},
    "problems.policies": {"gymnasium"},
    "problems.tasks": {"mnist1d"},
    "problems.digits": {"sklearn"},
    "lineage.lineage": {"networkx"},
    "export.networkx": {"networkx"},
    "plotting": {"matplotlib"},
    "plotting.graph": {"matplotlib"},
    "plotting.films": {"matplotlib", "PIL"},  # which matplotlib needs itself
    "plotting.pages": {"matplotlib", "PIL"},
}


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


def folder(module):
    return module.rpartition(".")[0]


def height(module):
    if module in HIGHEST:
        return len(ORDER) + HIGHEST.index(module)
    assert folder(module) in ORDER and (folder(module) or module in LOWEST), (
        f"neatgrow/{module.replace('.', '/')}.py: expected in a folder of ORDER, found elsewhere. "
        "Move it, or add its folder to ORDER in tests/test_layering.py."
    )
    return ORDER.index(folder(module))


def imports_of(path):
    """(dotted name, function it is inside of or ``None``) of everything imported.

    Imports for type checkers alone do not count.
    """
    package = [*path.relative_to(ROOT.parent).parts[:-1]]

    def names(node):
        if isinstance(node, ast.Import):
            return [alias.name for alias in node.names]
        base = node.module or ""
        if node.level:
            base = ".".join([*package[: len(package) - node.level + 1], *filter(None, [base])])
        return [f"{base}.{alias.name}" for alias in node.names]

    def walk(node, inside):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                yield from walk(ast.Module(child.orelse, []), inside)
            elif isinstance(child, (ast.Import, ast.ImportFrom)):
                yield from ((name, inside) for name in names(child))
            elif isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
                yield from walk(child, child.name)
            else:
                yield from walk(child, inside)

    return list(walk(ast.parse(path.read_text("utf-8")), None))


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


def edges_of(module):
    """(function it is inside of or ``None``, module) of each import of another own module."""
    found = {(inside, internal(name)) for name, inside in imports_of(MODULES[module])}
    return sorted(
        ((inside, target) for inside, target in found if target not in (None, module)), key=str
    )


def allowed(module, inside, target):
    return height(target) <= height(module) or (module, inside, target) in HOOKS


def test_the_order_names_all_folders_and_no_others():
    assert sorted(ORDER) == ["", *sorted(FOLDERS)]
    assert {name for name in MODULES if not folder(name)} == {*LOWEST, *HIGHEST}


@pytest.mark.parametrize("module", MODULES)
def test_module_imports_only_its_own_folder_or_lower_ones(module):
    for inside, target in edges_of(module):
        assert target in MODULES, f"{module} imports the folder {target}, which holds nothing"
        assert allowed(module, inside, target), (
            f"{module} imports {target}, which lies higher"
            f"{f'; {inside} is no hook of HOOKS' if inside else ''}"
        )


def test_no_files_import_each_other_in_a_circle_but_through_the_hooks():
    graph = nx.DiGraph()
    for module in MODULES:
        for inside, target in edges_of(module):
            if (module, inside, target) not in HOOKS:
                graph.add_edge(module, target)
    assert graph.number_of_edges() > 300
    assert not list(nx.simple_cycles(graph))


@pytest.mark.parametrize("module", MODULES)
def test_module_uses_only_what_its_folder_may_from_outside(module):
    may = OUTSIDE.get(module, OUTSIDE.get(folder(module), set())) | {"numpy", "neatgrow"}
    used = {name.split(".")[0] for name, _ in imports_of(MODULES[module])}
    assert used - set(sys.stdlib_module_names) <= may


def test_kernels_that_are_kept_on_disk_lie_where_the_stamp_of_the_cache_looks():
    compiled = {
        module for module, path in MODULES.items() for name, _ in imports_of(path)
        if name in ("neatgrow.kernels.jit.kernel", "neatgrow.kernels.jit.inlined")
    }  # fmt: skip
    assert compiled and {folder(module) for module in compiled} == {"kernels"}


@pytest.mark.parametrize("package", FOLDERS)
def test_folders_import_nothing_by_themselves(package):
    assert not imports_of(FOLDERS[package])


def test_the_package_imports_nothing_of_its_own_at_once():
    for name, inside in imports_of(ROOT / "__init__.py"):
        assert inside or name.split(".")[0] in sys.stdlib_module_names


def test_the_hooks_are_all_in_use():
    used = {(module, inside, target) for module in MODULES for inside, target in edges_of(module)}
    assert used >= HOOKS


def test_the_checker_sees_violations():
    path = ROOT / "kernels" / "made_up.py"  # never written: only parsed
    code = (
        "from neatgrow.selection.population import Population\n"
        "class C:\n    def save(self):\n        from ..selection import species\n"
    )

    class Fake:
        def read_text(self, _):
            return code

        def relative_to(self, other):
            return path.relative_to(other)

    found = [(inside, internal(name)) for name, inside in imports_of(Fake())]
    assert found == [(None, "selection.population"), ("save", "selection.species")]
    assert not any(allowed("kernels.made_up", *edge) for edge in found)
    for stray in ("novel", "novel.file"):
        with pytest.raises(AssertionError, match="Move it"):
            height(stray)


# -------------------------------------------------------------------------- public names


def test_the_public_names_are_those_of_the_stub_each_once():
    tree = ast.parse((ROOT / "__init__.pyi").read_text("utf-8"))
    imports = [node for node in tree.body if isinstance(node, ast.ImportFrom)]
    names = [alias.name for node in imports for alias in node.names]
    assert all(alias.asname == alias.name for node in imports for alias in node.names)
    assert sorted(names) == neatgrow.__all__ and len(names) == len(set(names)) > 50
    for node in imports:
        value = getattr(neatgrow, node.names[0].name)
        assert getattr(value, "__module__", node.module) == node.module


def loaded_by(code, environment):
    program = f"import sys\n{code}\nprint(*sorted({{m.split('.')[0] for m in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True,
        check=True, timeout=120,
    )  # fmt: skip
    return set(done.stdout.split())


OPTIONAL = {"gymnasium", "matplotlib", "mnist1d", "networkx", "pygame", "sklearn"}


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
