"""Where a program is affine in its decision variables, read off its equations alone, and the cut at those values.

h(A x + b) is convex in x where h is convex in y on a set that holds all values A x + b: whatever is proved of h for
independent entries of y holds on the image of x.  So a loss of millions of products is looked at as a function of its
few pre-activations, and no sum of products is ever written out.

An equation is affine here if it is linear in what varies, and does not multiply or divide by what varies.
"""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any, Literal

import numpy as np

from netprops.domains import WHOLE_LINE
from netprops.readings.jaxpr import Cut, Program, called, cut_at, is_exact, needed

Tag = Literal["affine", "bent"]  # of a value that depends on the decision variables

# Linear in all operands together; the operands at (or, negative, from) the named places must not vary.
LINEAR: Mapping[str, tuple[int, ...]] = {
    **dict.fromkeys(
        ("add", "add_any", "sub", "neg", "reduce_sum", "cumsum", "reduce_window_sum", "broadcast_in_dim", "concatenate",
         "convert_element_type", "copy", "pad", "reshape", "rev", "slice", "split", "squeeze",
         "stack", "stop_gradient", "transpose", "unstack"),
        (),
    ),
    "div": (1,),
    "gather": (1,),
    "select_n": (0,),
    "scatter": (1,),
    "scatter-add": (1,),
    "dynamic_slice": (-1,),
    "dynamic_update_slice": (-2,),
}  # fmt: skip
BILINEAR = frozenset({"mul", "dot_general", "conv_general_dilated"})
# Real for all real operands: besides LINEAR (division apart) and BILINEAR.
TOTAL = frozenset(
    {"abs", "and", "asinh", "atan", "cbrt", "clamp", "cos", "cosh", "cummax", "cummin", "cumprod", "eq", "erf", "erfc",
     "exp", "exp2", "expm1", "ge", "gt", "iota", "is_finite", "le", "logistic", "lt", "max", "min", "ne", "not", "or",
     "reduce_max", "reduce_min", "reduce_prod", "sign", "sin", "sinh", "sort", "square", "tanh"}
)  # fmt: skip

INDEXED = frozenset({"gather", "scatter", "scatter-add"})  # not real where an index lies outside


def affine_cut(program: Program, decision: int) -> Cut | None:
    """The program cut at the last values that are affine in the first `decision` arguments.

    These arguments themselves are among them where the rest uses them.  None where nothing is left out by the cut.
    """
    jaxpr = program.closed.jaxpr
    tags: dict[Any, Tag] = dict.fromkeys(jaxpr.invars[:decision], "affine")
    _walk(jaxpr, tags)
    entering = set(jaxpr.invars)
    used = dict.fromkeys(
        v
        for eqn in jaxpr.eqns
        if any(tags.get(out) == "bent" for out in eqn.outvars)
        for v in _variables(eqn.invars)
        if tags.get(v) == "affine"
    )
    used.update(dict.fromkeys(v for v in _variables(jaxpr.outvars) if tags.get(v) == "affine"))
    live = _independent(jaxpr, list(used), entering, tags)
    if any(v.aval.dtype != np.float64 for v in live) or all(v in entering for v in live):
        return None
    return cut_at(program, decision, live)


def _walk(jaxpr: Any, tags: dict[Any, Tag]) -> None:
    """Tag all values that depend on the tagged ones, in place."""
    for eqn in jaxpr.eqns:
        operands: list[Tag | None] = [None if hasattr(atom, "val") else tags.get(atom) for atom in eqn.invars]
        if any(operands):
            tags.update(zip(eqn.outvars, _tags_of(eqn, operands), strict=True))


def _tags_of(eqn: Any, operands: Sequence[Tag | None]) -> list[Tag]:
    name = eqn.primitive.name
    call = called(eqn)
    if call is not None:
        jaxpr = call[0]
        inner: dict[Any, Tag] = {v: tag for v, tag in zip(jaxpr.invars, operands, strict=True) if tag}
        _walk(jaxpr, inner)
        bent = any(
            inner.get(out) == "bent" for out in _variables(jaxpr.outvars)
        )  # one is enough to keep the call whole
        return ["bent" if bent else "affine"] * len(eqn.outvars)
    linear = "bent" not in operands and _is_linear(name, operands) and all(map(_is_double, eqn.outvars))
    return ["affine" if linear else "bent"] * len(eqn.outvars)


def _is_double(variable: Any) -> bool:
    return bool(variable.aval.dtype == np.float64)  # a cast to another float type rounds, and is not linear


def _is_linear(name: str, operands: Sequence[Tag | None]) -> bool:
    if name in BILINEAR:
        return sum(tag is not None for tag in operands) == 1
    if name not in LINEAR:
        return False
    places = LINEAR[name]
    resting = range(-places[0], len(operands)) if places and places[0] < 0 else places
    return all(operands[k] is None for k in resting)


def _variables(atoms: Sequence[Any]) -> Iterator[Any]:
    return (atom for atom in atoms if not hasattr(atom, "val"))


def _independent(jaxpr: Any, values: list[Any], entering: Container[Any], tags: Mapping[Any, Tag]) -> list[Any]:
    """The values but for such as can be had from the others: rows taken from a matrix that is used as well."""
    kept = list(values)
    makers = {out: eqn for eqn in jaxpr.eqns for out in eqn.outvars}
    place = {out: k for k, eqn in enumerate(jaxpr.eqns) for out in eqn.outvars}
    for v in sorted((v for v in values if v not in entering), key=lambda v: -place[v]):
        others = {u for u in kept if u is not v and u not in entering}
        if _follows_from(makers[v], others, makers, entering, tags):
            kept.remove(v)
    return kept


def _follows_from(
    eqn: Any, others: Container[Any], makers: Mapping[Any, Any], entering: Container[Any], tags: Mapping[Any, Tag]
) -> bool:
    """Whether every varying operand of the equation is one of the others, or is made of such alone."""
    varying = [v for v in _variables(eqn.invars) if v in tags]
    return all(
        v in others or (v not in entering and _follows_from(makers[v], others, makers, entering, tags)) for v in varying
    )


def sources(program: Program) -> tuple[frozenset[int], ...]:
    """For each flat output, the flat arguments that it is computed from."""
    jaxpr = program.closed.jaxpr
    found: dict[Any, frozenset[int]] = {v: frozenset({k}) for k, v in enumerate(jaxpr.invars)}
    for eqn in jaxpr.eqns:
        of_inputs = frozenset().union(*(found.get(v, frozenset()) for v in _variables(eqn.invars)))
        found.update(dict.fromkeys(eqn.outvars, of_inputs))
    return tuple(found.get(v, frozenset()) if not hasattr(v, "val") else frozenset() for v in jaxpr.outvars)


# ------------------------------------------------------------------ where all is real


def is_everywhere_real(cut: Cut) -> bool:
    """Whether the inner program is seen to be real for all real arguments: total functions of finite numbers."""
    return _is_total(cut.inner.closed.jaxpr, cut.inner.closed.consts)


def _is_total(jaxpr: Any, consts: Sequence[Any]) -> bool:
    known = {v: np.asarray(c) for v, c in zip(jaxpr.constvars, consts, strict=True)}
    eqns = needed(jaxpr.eqns, jaxpr.outvars)
    return all(_is_total_equation(eqn, known) for eqn in eqns)


def _is_total_equation(eqn: Any, known: Mapping[Any, Any]) -> bool:
    name = eqn.primitive.name
    numbers = [np.asarray(atom.val) if hasattr(atom, "val") else known.get(atom) for atom in eqn.invars]
    finite = all(x is None or x.dtype.kind != "f" or np.isfinite(x).all() for x in numbers)
    if not finite or not all(is_exact(v.aval.dtype) for v in eqn.outvars) or name in INDEXED:
        return False
    call = called(eqn)
    if call is not None:
        jaxpr, consts = call
        given = {v: x for v, x in zip(jaxpr.invars, numbers, strict=True) if x is not None}
        given |= {v: np.asarray(c) for v, c in zip(jaxpr.constvars, consts, strict=True)}
        return all(_is_total_equation(inner, given) for inner in jaxpr.eqns)
    if name == "div":
        return numbers[1] is not None and bool((numbers[1] != 0).all())
    if name == "integer_pow":
        return bool(eqn.params["y"] >= 0)
    return name in LINEAR or name in BILINEAR or name in TOTAL


# ------------------------------------------------------------------ what the rest does


def is_whole_space(program: Program, decision: int) -> bool:
    """Whether the first `decision` arguments range over all real numbers."""
    return all(r == WHOLE_LINE for box in program.arguments[:decision] for r in box.intervals)


def multiplies(program: Program) -> bool:
    """Whether the program multiplies, or divides, two different values that depend on its arguments."""
    return _multiplies(program.closed.jaxpr, set(program.closed.jaxpr.invars))


def _multiplies(jaxpr: Any, varying: set[Any]) -> bool:
    for eqn in jaxpr.eqns:
        used = [v for v in _variables(eqn.invars) if v in varying]
        if not used:
            continue
        if (eqn.primitive.name in BILINEAR or eqn.primitive.name == "div") and len(set(used)) > 1:
            return True
        call = called(eqn)
        if call is not None:
            inner = call[0]
            passed = zip(inner.invars, eqn.invars, strict=True)
            if _multiplies(inner, {v for v, given in passed if not hasattr(given, "val") and given in varying}):
                return True
        varying.update(eqn.outvars)
    return False
