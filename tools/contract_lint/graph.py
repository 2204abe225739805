"""Who imports whom, and why: cycles, layouts, constants with two homes, what nobody uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from vyper.ast import nodes

from .sources import Problem, Source, Tree, decorators, is_constructor, is_external

# Constants that may be defined in several files, each with the reason.
DEFINED_TWICE: dict[str, str] = {}


def problems(tree: Tree) -> Iterator[Problem]:
    """Find what is wrong between files."""
    yield from _cycles(tree)
    for source in tree.sources:
        yield from _edges(source)
        if source.is_layout:
            yield from _layout(source)
    yield from _two_homes(tree)
    yield from _unused(tree)


# IMPORTS ------------------------------------------------------------------------------------------


def targets(source: Source) -> list[Source]:
    """Return the files of the project that one imports."""
    paths = [entry.target for entry in source.imports.values() if entry.target]
    return [source.tree.at(path) for path in paths if path.is_relative_to(source.tree.contracts)]


def _cycles(tree: Tree) -> Iterator[Problem]:
    done: set[Path] = set()
    reported: set[frozenset[Path]] = set()

    def visit(source: Source, trail: list[Source]) -> Iterator[Problem]:
        if source in trail:
            ring = trail[trail.index(source) :]
            if (members := frozenset(one.path for one in ring)) not in reported:
                reported.add(members)
                names = " -> ".join(one.path.stem for one in [*ring, source])
                yield Problem(
                    ring[-1].path, 0, f"imports form a cycle: {names}; move what both need down"
                )
            return
        if source.path in done:
            return
        for target in targets(source):
            yield from visit(target, [*trail, source])
        done.add(source.path)

    for source in tree.sources:
        yield from visit(source, [])


def _edges(source: Source) -> Iterator[Problem]:
    for alias, entry in source.imports.items():
        if alias not in source.names_used:
            yield Problem(source.path, entry.line, f"`{alias}` is imported and not used; remove it")
            continue
        target = source.tree.at(entry.target) if entry.target else None
        if target is None:
            if entry.level:
                yield Problem(source.path, entry.line, f"`{alias}` is not there")
            continue
        if source.is_interface and not target.is_interface and "contracts" in target.path.parts:
            yield Problem(
                source.path, entry.line, f"an interface imports interfaces only, not `{alias}`"
            )
        if target.folder and not target.is_layout and not target.is_interface:
            used = source.used_of(alias)
            if used and alias not in source.composed and used <= set(target.constants):
                names = ", ".join(sorted(used))
                yield Problem(
                    source.path,
                    entry.line,
                    f"`{alias}` is imported for constants only ({names}); they belong into "
                    "contracts/modules/layout/",
                )


def _layout(source: Source) -> Iterator[Problem]:
    rule = "a layout has constants and internal functions only"
    for name, node in source.variables.items():
        if not node.is_constant:
            yield Problem(source.path, node.lineno, f"`{name}` is state; {rule}")
    for name, function in source.functions.items():
        if is_external(function) or is_constructor(function):
            yield Problem(source.path, function.lineno, f"`{name}` is no internal function; {rule}")
    for alias, entry in source.imports.items():
        target = source.tree.at(entry.target) if entry.target else None
        if target is None or not target.is_layout:
            yield Problem(
                source.path, entry.line, f"a layout imports layouts only; `{alias}` is none"
            )


# CONSTANTS AND FUNCTIONS --------------------------------------------------------------------------


def _two_homes(tree: Tree) -> Iterator[Problem]:
    homes: dict[str, list[Source]] = defaultdict(list)
    for source in tree.sources:
        if not source.is_testing:
            for name in source.constants:
                homes[name.lstrip("_")].append(source)
    for bare, found in sorted(homes.items()):
        if len(found) == 1 or bare in DEFINED_TWICE:
            continue
        home, *others = sorted(found, key=lambda source: not source.is_layout)
        place, value = _constant(home, bare)
        where = tree.where(Problem(home.path, place.lineno, ""))
        for source in others:
            node, other = _constant(source, bare)
            if other == value:
                text = f"`{node.target.id}` is defined in {where} too; import it"
                if not home.is_layout:
                    text = (
                        f"`{node.target.id}` is defined in {where} too; give it one home in "
                        "contracts/modules/layout/"
                    )
            else:
                text = (
                    f"`{node.target.id}` is {other} here and {value} in {where}; "
                    "one name, one meaning: rename it"
                )
            yield Problem(source.path, node.lineno, text)


def _constant(source: Source, bare: str) -> tuple[nodes.VariableDecl, int | str]:
    name = next(name for name in source.constants if name.lstrip("_") == bare)
    return source.constants[name], source.value_of(name)


def _unused(tree: Tree) -> Iterator[Problem]:
    used: dict[Path, set[str]] = defaultdict(set)
    for source in tree.sources:
        for node in source.attributes:
            if isinstance(node.value, nodes.Name) and node.value.id == "self":
                used[source.path].add(node.attr)
            elif (owner := source.resolve(node.value)) is not None:
                used[owner.path].add(node.attr)
    for source in tree.sources:
        for name, node in source.constants.items():
            is_used = node.is_public or name in source.names_used | used[source.path]
            if not is_used:
                yield Problem(source.path, node.lineno, f"`{name}` is not used; remove it")
        for name, function in source.functions.items():
            if "internal" in decorators(function) and name not in used[source.path]:
                yield Problem(source.path, function.lineno, f"`{name}` is not called; remove it")


# PICTURE ------------------------------------------------------------------------------------------


def mermaid(tree: Tree) -> str:
    """Return a flowchart of contracts and modules; all layouts are one node."""
    drawn = [source for source in tree.sources if not (source.is_interface or source.is_testing)]
    folders: dict[str, list[str]] = defaultdict(list)
    for source in drawn:
        if not source.is_layout:
            folders[source.folder].append(source.path.stem)
    lines = ["flowchart LR"]
    has_layout = any(source.is_layout for source in drawn)
    for folder, names in sorted(folders.items()):
        lines.append(f"  subgraph folder_{folder.replace('/', '_')} [{folder}]")
        lines += [f"    {name}" for name in sorted(names)]
        if folder == "modules" and has_layout:
            lines.append("    layout[(layout)]")
        lines.append("  end")
    for source in sorted(drawn, key=lambda source: (source.folder, source.path.stem)):
        if source.is_layout:
            continue
        ends = {
            "layout" if target.is_layout else target.path.stem
            for target in targets(source)
            if not target.is_interface
        }
        if ends:
            lines.append(f"  {source.path.stem} --> {' & '.join(sorted(ends))}")
    return "\n".join(lines) + "\n"
