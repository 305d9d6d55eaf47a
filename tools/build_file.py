"""Writes BUILD from the tree: a library per file, a test per test.

`deps` are read from the imports, function-level ones included, so BUILD says
what the code says. Packages from an index stand as `# pip:` comments: Bazel
builds of this project resolve them from requirements.txt in their own way.

python tools/build_file.py
"""

import ast
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGE = "qualnet_tf"
# Top-level folders of ours; benchmarks have no targets, tests get them as data.
OWN = (PACKAGE, "tests", "benchmarks")
# Import name -> name in requirements.txt or the test extra.
DISTRIBUTIONS = {
    "absl": "absl-py",
    "ai_edge_litert": "ai-edge-litert",
    "check_jsonschema": "check-jsonschema",
    "apache_beam": "apache-beam",
    "google": "protobuf",
    "kubernetes_validate": "kubernetes-validate",
    "PIL": "pillow",
    "skimage": "scikit-image",
    "sklearn": "scikit-learn",
    "tensorflow_datasets": "tensorflow-datasets",
    "tensorflow_serving": "tensorflow-serving-api",
    "yaml": "pyyaml",
}
HEADER = '''"""Targets of qualnet_tf: a library per file, a test per test.

Written by tools/build_file.py (make build_file); a test compares it with the
tree.
"""

load("@rules_python//python:defs.bzl", "py_binary", "py_library", "py_test")

package(default_visibility = ["//visibility:public"])
'''


def render(root: pathlib.Path = ROOT) -> str:
    """Returns the text of BUILD for the tree below `root`."""
    modules = _python_files(root, PACKAGE)
    tests = [
        path
        for path in _python_files(root, "tests")
        if path.endswith("_test.py")
    ]
    helpers = [
        path for path in _python_files(root, "tests") if path not in tests
    ]
    blocks = [HEADER]
    for path in modules:
        rule = "py_binary" if _is_program(root / path) else "py_library"
        blocks.append(_target(root, path, rule, set(modules)))
    for path in helpers:
        blocks.append(_target(root, path, "py_library", set(modules)))
    for path in tests:
        blocks.append(_target(root, path, "py_test", set(modules), helpers))
    return "\n".join(blocks)


def _python_files(root: pathlib.Path, folder: str) -> list[str]:
    return sorted(
        str(path.relative_to(root)) for path in (root / folder).rglob("*.py")
    )


def _is_program(path: pathlib.Path) -> bool:
    return 'if __name__ == "__main__":' in path.read_text()


def _target(
    root: pathlib.Path,
    path: str,
    rule: str,
    modules: set[str],
    helpers: list[str] = (),
) -> str:
    """Returns one rule."""
    ours, third_party = _imports(root / path, modules)
    deps = sorted({_label(found) for found in ours if found != path})
    deps += sorted({_label(found) for found in helpers})
    data = sorted(
        str(file.relative_to(root))
        for file in (root / path).parent.iterdir()
        if pathlib.Path(path).name == "__init__.py"
        and file.suffix in {".npz", ".html", ".css"}
    )
    lines = [f"{rule}(", f'    name = "{_label(path)[1:]}",']
    lines.append(f'    srcs = ["{path}"],')
    if rule != "py_library":
        lines.append(f'    main = "{path}",')
    if rule == "py_test":
        size = "large" if "mark.slow" in (root / path).read_text() else "medium"
        lines.append(f'    size = "{size}",')
        data = ["configs", "serving"] if path.count("/") == 1 else []
        if path.startswith("tests/benchmarks/"):
            data = ["benchmarks", "configs"]
        data = [f'glob(["{name}/**"], allow_empty = True)' for name in data]
        if data:
            lines.append(f"    data = {' + '.join(data)},")
    elif data:
        lines.append(f"    data = {_list(data)},")
    lines.append('    imports = ["."],')
    if deps:
        lines.append("    deps = [")
        lines += [f'        "{label}",' for label in deps]
        lines.append("    ],")
    lines += [f"    # pip: {name}" for name in third_party]
    return "\n".join([*lines, ")", ""])


def _list(items: list[str]) -> str:
    return "[" + ", ".join(f'"{item}"' for item in items) + "]"


def _label(path: str) -> str:
    """Returns the label of a file: its path without the suffix."""
    return ":" + path.removesuffix(".py")


def _imports(
    path: pathlib.Path, modules: set[str]
) -> tuple[set[str], list[str]]:
    """Returns our files and the packages that a file imports.

    A `from package import name` may name a module or something inside one.
    """
    ours: set[str] = set()
    others: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Constant) and _is_target(node.value):
            # A registry's entry is imported on demand.
            names = [node.value.replace(":", ".")]
        else:
            continue
        for name in names:
            found = _file_of(name, modules)
            top = name.split(".")[0]
            if found:
                ours.add(found)
            elif top not in OWN and top not in sys.stdlib_module_names:
                others.add(DISTRIBUTIONS.get(top, top))
    return ours, sorted(others)


def _is_target(value: object) -> bool:
    return isinstance(value, str) and bool(
        re.fullmatch(rf"{PACKAGE}(\.\w+)+:\w+", value)
    )


def _file_of(name: str, modules: set[str]) -> str | None:
    parts = name.split(".")
    for length in (len(parts), len(parts) - 1):
        base = "/".join(parts[:length])
        for candidate in (f"{base}.py", f"{base}/__init__.py"):
            if candidate in modules:
                return candidate
    return None


if __name__ == "__main__":
    (ROOT / "BUILD").write_text(render())
    print(ROOT / "BUILD")
