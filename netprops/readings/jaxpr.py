"""One traced function, many readings: walk a jaxpr over any algebra of scalars.

This is the only module that touches JAX's jaxpr types. `trace` turns a function into a `Program`; `run` evaluates a
program where every floating entry is a scalar of an `Algebra` (a ball, a jet, a symbolic expression) and every integer
or boolean entry that does not depend on the arguments is a plain NumPy number. Data movement is done by NumPy on
object arrays, so nothing here compiles.
"""

from __future__ import annotations

import functools
import itertools
import math
import operator
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import UnionType
from typing import Any, NoReturn
from weakref import WeakKeyDictionary

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend import core
from jax.interpreters import ad, batching, mlir

from netprops.domains import Box, DomainError, describe, leaves
from netprops.readings import linear_algebra
from netprops.readings.algebra import Algebra as Algebra
from netprops.readings.algebra import Array as Array
from netprops.readings.algebra import Scalar as Scalar
from netprops.readings.algebra import Unknown
from netprops.readings.algebra import UnsupportedError as UnsupportedError
from netprops.readings.open_indices import Count, Place, all_within, chosen, first_largest, running_counts


class NotAFunctionError(TypeError):
    """The function does not map the domain to real arrays: wrong pytree, wrong output type or shape."""


@dataclass(frozen=True, eq=False)
class Program:
    """A traced function: its closed jaxpr, the domain of each flat argument, and the shapes of its flat outputs.

    `entered` keeps its constants as scalars, if they are few, by the `literal` of the algebras that have read it.
    """

    closed: core.ClosedJaxpr
    arguments: tuple[Box, ...]
    out_shapes: tuple[tuple[int, ...], ...]
    key: tuple[Any, ...]
    entered: WeakKeyDictionary[Callable[[float], Scalar], list[Array]] = field(
        default_factory=WeakKeyDictionary, init=False, repr=False
    )


# ------------------------------------------------------------------ tracing


def trace(function: Callable[..., Any], *domains: Any) -> Program:
    """Trace ``function(*points)``, each point an array pytree of float64 shaped like its domain.

    Raises:
        DomainError: a domain that is none, or pytrees that do not fit the function.
        NotAFunctionError: an output that is not a float64 array (an integer, a complex number, a non-array).
        UnsupportedError: x64 is off.
    """
    if jnp.result_type(float) != np.float64:
        raise UnsupportedError(
            "claims are about float64 programs: set JAX_ENABLE_X64=1 or jax.config.update('jax_enable_x64', True) "
            "(in float32 the literal 0.3 is another number)"
        )
    boxes = tuple(itertools.chain.from_iterable(leaves(domain) for domain in domains))
    shaped = [jax.tree.map(lambda leaf: jax.ShapeDtypeStruct(leaf.shape, np.float64), domain) for domain in domains]
    try:
        # A function of its own each time: JAX keeps the trace of a function that it saw before, whatever the numbers
        # that this one reads from outside have become since.
        closed, out = jax.make_jaxpr(lambda *points: function(*points), return_shape=True)(*shaped)
    except (TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        names = " and ".join(describe(domain) for domain in domains)
        raise NotAFunctionError(
            f"{_name(function)} could not be traced on {names}: {type(error).__name__}: {error}"
        ) from error
    closed = _without_jit(closed)
    outputs = jax.tree.leaves(out)
    if not outputs:
        raise NotAFunctionError(f"{_name(function)} returns nothing")
    for leaf in outputs:
        if leaf.dtype != np.float64:
            raise NotAFunctionError(
                f"{_name(function)} returns {leaf.dtype}{list(leaf.shape)}; a question needs float64. "
                + ("Remove the cast to a rounded type." if np.issubdtype(leaf.dtype, np.floating) else "")
            )
    return Program(closed, boxes, tuple(tuple(leaf.shape) for leaf in outputs), fingerprint(closed))


def _without_jit(closed: core.ClosedJaxpr) -> core.ClosedJaxpr:
    """What is inside, where the whole is one call of a compiled function: ``jax.jit(cost)`` is read as the cost is."""
    jaxpr = closed.jaxpr
    if len(jaxpr.eqns) != 1 or jaxpr.eqns[0].primitive.name not in ("jit", "pjit"):
        return closed
    (eqn,) = jaxpr.eqns
    if list(eqn.outvars) != list(jaxpr.outvars) or len({id(atom) for atom in eqn.invars}) < len(eqn.invars):
        return closed
    if any(isinstance(atom, core.Literal) for atom in eqn.invars):
        return closed
    call = called(eqn)
    assert call is not None  # such equations are calls
    inner, consts = call
    passed = dict(zip(eqn.invars, inner.invars, strict=True))
    kept = [(passed[v], c) for v, c in zip(jaxpr.constvars, closed.consts, strict=True) if v in passed]
    made = inner.replace(
        constvars=[*inner.constvars, *(v for v, _ in kept)], invars=[passed.get(v, v) for v in jaxpr.invars]
    )
    return _without_jit(core.ClosedJaxpr(made, [*consts, *(c for _, c in kept)]))


def lifted(program: Program) -> Callable[..., Any]:
    """The program as a JAX function of its constants and its flat arguments, in one list."""
    jaxpr = program.closed.jaxpr
    bare = jaxpr.replace(constvars=[], invars=[*jaxpr.constvars, *jaxpr.invars])
    function: Callable[..., Any] = core.jaxpr_as_fun(core.ClosedJaxpr(bare, ()))
    return function


def _name(function: Callable[..., Any]) -> str:
    return getattr(function, "__name__", type(function).__name__)


def fingerprint(closed: core.ClosedJaxpr) -> tuple[Any, ...]:
    """A key equal for two programs only if they are the same equations on the same constants (compare by ==)."""
    return _fingerprint(closed.jaxpr, closed.consts)


def _fingerprint(jaxpr: core.Jaxpr, consts: Sequence[Any]) -> tuple[Any, ...]:
    numbers: dict[core.Var, int] = {}

    def number(atom: Any) -> Any:
        if isinstance(atom, core.Literal):
            return ("literal", _constant_key(atom.val))
        return numbers.setdefault(atom, len(numbers))

    for v in (*jaxpr.constvars, *(out for eqn in jaxpr.eqns for out in eqn.outvars)):
        if jax.dtypes.issubdtype(getattr(v.aval, "dtype", np.float64), jax.dtypes.prng_key):
            raise UnsupportedError("the program computes with a random key: draw before, and pass the numbers in")
    head = tuple((number(v), str(v.aval)) for v in (*jaxpr.constvars, *jaxpr.invars))
    equations = tuple(
        (
            eqn.primitive.name,
            tuple(map(number, eqn.invars)),
            tuple((number(v), str(v.aval)) for v in eqn.outvars),
            _parameters_key(eqn),
        )
        for eqn in jaxpr.eqns
    )
    return (head, tuple(map(_constant_key, consts)), equations, tuple(map(number, jaxpr.outvars)))


def _constant_key(value: Any) -> Any:
    array = np.asarray(value)
    return (str(array.dtype), array.shape, array.tobytes())


def _parameters_key(eqn: Any) -> Any:
    if eqn.primitive.name == HIGH:  # its parameter is an object of which only the program is known
        opened = _opened(eqn)
        return _fingerprint(opened.jaxpr, opened.consts)
    return tuple((name, _parameter_key(value)) for name, value in sorted(eqn.params.items()))


def _parameter_key(value: Any) -> Any:
    if isinstance(value, core.ClosedJaxpr):
        return fingerprint(value)
    if isinstance(value, core.Jaxpr):
        return _fingerprint(value, ())
    if isinstance(value, np.ndarray | jax.Array):
        return _constant_key(value)
    if isinstance(value, tuple | list):
        return tuple(map(_parameter_key, value))
    # Derivative rules of custom_jvp and custom_vjp are functions; no reading looks at them.
    return "function" if callable(value) and not isinstance(value, type) else repr(value)


# ------------------------------------------------------------------ cutting

WIDEST_CUT = 8  # floats


@dataclass(frozen=True, eq=False)
class Cut:
    """A program as outer(inner(x, q), q): `inner` maps all arguments to the values that the rest goes on from.

    `outer` makes the rest a program, given a domain for each of those values; the quantified arguments follow them.
    """

    inner: Program
    outer: Callable[[Sequence[Box]], Program]


def cuts(program: Program, decision: int, widest: int = WIDEST_CUT) -> list[Cut]:
    """Where at most `widest` floats carry all that the first `decision` arguments matter to the rest.

    Narrow cuts come first, among these such as halve the equations.  What does not depend on the decision is computed
    on both sides.
    """
    jaxpr = program.closed.jaxpr
    entering: set[Any] = set(jaxpr.invars)
    varying = set(jaxpr.invars[:decision])
    resting: list[Any] = []  # equations that do not depend on the decision
    found: list[tuple[int, int, Cut]] = []
    for place, eqn in enumerate(jaxpr.eqns):
        if not any(isinstance(v, core.Var) and v in varying for v in eqn.invars):
            resting.append(eqn)
            continue
        varying.update(eqn.outvars)
        rest = jaxpr.eqns[place + 1 :]
        used = [v for other in rest for v in other.invars] + list(jaxpr.outvars)
        live: list[Any] = [v for v in dict.fromkeys(v for v in used if isinstance(v, core.Var)) if v in varying]
        if not rest or any(v in entering or v.aval.dtype != np.float64 for v in live):
            continue
        width = sum(math.prod(v.aval.shape) for v in live)
        if 0 < width <= widest:
            uneven = abs(2 * place - len(jaxpr.eqns))
            found.append((width, uneven, _cut(program, decision, place, live, resting)))
    return [cut for _, _, cut in sorted(found, key=lambda item: item[:2])]


def _cut(program: Program, decision: int, place: int, live: list[core.Var], resting: list[Any]) -> Cut:
    jaxpr = program.closed.jaxpr
    shapes = tuple(tuple(v.aval.shape) for v in live)
    first = jaxpr.replace(eqns=jaxpr.eqns[: place + 1], outvars=live)
    then = jaxpr.replace(invars=[*live, *jaxpr.invars[decision:]], eqns=[*resting, *jaxpr.eqns[place + 1 :]])

    def part(made: core.Jaxpr, arguments: tuple[Box, ...], out_shapes: tuple[tuple[int, ...], ...]) -> Program:
        closed = core.ClosedJaxpr(made, program.closed.consts)
        return Program(closed, arguments, out_shapes, fingerprint(closed))

    return Cut(
        part(first, program.arguments, shapes),
        lambda domains: part(then, (*domains, *program.arguments[decision:]), program.out_shapes),
    )


def cut_at(program: Program, decision: int, live: Sequence[Any]) -> Cut:
    """The program cut at these variables of its jaxpr, on which alone the rest depends, quantified arguments apart."""
    jaxpr = program.closed.jaxpr

    def part(invars: Sequence[Any], given: Container[Any], outvars: Sequence[Any], domains: Sequence[Box]) -> Program:
        made = jaxpr.replace(invars=invars, eqns=needed(jaxpr.eqns, outvars, given), outvars=outvars)
        closed = core.ClosedJaxpr(made, program.closed.consts)
        return Program(closed, tuple(domains), tuple(tuple(v.aval.shape) for v in outvars), fingerprint(closed))

    resting, boxes = jaxpr.invars[decision:], program.arguments[decision:]
    return Cut(
        part(jaxpr.invars, (), live, program.arguments),
        lambda domains: part([*live, *resting], set(live), jaxpr.outvars, (*domains, *boxes)),
    )


def without_unused(program: Program, decision: int) -> Program:
    """The program without those of its quantified arguments and constants that no output depends on."""
    jaxpr, consts = program.closed.jaxpr, program.closed.consts
    eqns = needed(jaxpr.eqns, jaxpr.outvars)
    used = {v for atoms in (*(eqn.invars for eqn in eqns), jaxpr.outvars) for v in atoms if isinstance(v, core.Var)}
    kept = [k for k, v in enumerate(jaxpr.invars) if k < decision or v in used]
    constants = [(v, c) for v, c in zip(jaxpr.constvars, consts, strict=True) if v in used]
    made = jaxpr.replace(constvars=[v for v, _ in constants], invars=[jaxpr.invars[k] for k in kept], eqns=eqns)
    closed = core.ClosedJaxpr(made, [c for _, c in constants])
    return Program(closed, tuple(program.arguments[k] for k in kept), program.out_shapes, fingerprint(closed))


@dataclass(frozen=True, eq=False)
class Settled:
    """A program as outer(x, q, inner(q)): `inner` maps the quantified arguments alone to the values it goes on from.

    `outer` makes the rest a program, given a domain for each of those values, or None for one that is to stay computed;
    the values with domains follow all the arguments.
    """

    inner: Program
    outer: Callable[[Sequence[Box | None]], Program]


def settled(program: Program, decision: int) -> Settled | None:
    """The floats that the arguments after the first `decision` settle by themselves; None if there are none."""
    jaxpr = program.closed.jaxpr
    varying, quantified = set(jaxpr.invars[:decision]), set(jaxpr.invars[decision:])
    before: list[Any] = []
    made: set[Any] = set()
    used: dict[Any, None] = {}
    for eqn in jaxpr.eqns:
        sources = [v for v in eqn.invars if isinstance(v, core.Var)]
        if any(v in varying for v in sources):
            varying.update(eqn.outvars)
            used.update(dict.fromkeys(sources))
            continue
        before.append(eqn)
        if any(v in quantified or v in made for v in sources):
            made.update(eqn.outvars)
    values = [v for v in used if v in made and v.aval.dtype == np.float64]
    if not values:
        return None

    def part(invars: Sequence[Any], eqns: Sequence[Any], outvars: Sequence[Any], domains: Sequence[Box]) -> Program:
        closed = core.ClosedJaxpr(jaxpr.replace(invars=invars, eqns=eqns, outvars=outvars), program.closed.consts)
        return Program(closed, tuple(domains), tuple(tuple(v.aval.shape) for v in outvars), fingerprint(closed))

    def outer(domains: Sequence[Box | None]) -> Program:
        given = {v: domain for v, domain in zip(values, domains, strict=True) if domain is not None}
        eqns = needed(jaxpr.eqns, jaxpr.outvars, given)
        return part([*jaxpr.invars, *given], eqns, jaxpr.outvars, (*program.arguments, *given.values()))

    return Settled(part(jaxpr.invars[decision:], needed(before, values), values, program.arguments[decision:]), outer)


def needed(eqns: Sequence[Any], outvars: Sequence[Any], given: Container[Any] = ()) -> list[Any]:
    """The equations, in their order, that these variables depend on when some are given."""
    wanted = {v for v in outvars if isinstance(v, core.Var) and v not in given}
    kept = []
    for eqn in reversed(eqns):
        if wanted & set(eqn.outvars):
            wanted.update(v for v in eqn.invars if isinstance(v, core.Var) and v not in given)
            kept.append(eqn)
    return kept[::-1]


@dataclass(frozen=True)
class Step:
    """One equation of a program that makes float values: what it applies, where it is written, and to what.

    `inputs` are the flat arguments and steps that it goes on from: argument i as -1 - i, step k as k; constants do not
    count.
    """

    name: str
    where: str
    inputs: tuple[int, ...]


def steps(program: Program) -> tuple[tuple[Step, ...], Program]:
    """The outermost equations that make floats, and the program whose outputs are their (first) values.

    A function with a name of its own, such as `jax.nn.softplus`, is one step.
    """
    jaxpr = program.closed.jaxpr
    sources: dict[Any, tuple[int, ...]] = {v: (-1 - i,) for i, v in enumerate(jaxpr.invars)}
    found: list[Step] = []
    values: list[Any] = []
    for eqn in jaxpr.eqns:
        given = dict.fromkeys(k for v in eqn.invars if isinstance(v, core.Var) for k in sources.get(v, ()))
        out = eqn.outvars[0]
        if out.aval.dtype != np.float64:
            sources.update(dict.fromkeys(eqn.outvars, tuple(given)))
            continue
        sources.update(dict.fromkeys(eqn.outvars, (len(found),)))
        name = eqn.params.get("name") if eqn.primitive.name in INLINED else None
        found.append(Step(str(name or eqn.primitive.name), _place(eqn).removeprefix(" written at "), tuple(given)))
        values.append(out)
    closed = core.ClosedJaxpr(jaxpr.replace(outvars=values), program.closed.consts)
    shapes = tuple(tuple(v.aval.shape) for v in values)
    return tuple(found), Program(closed, program.arguments, shapes, fingerprint(closed))


# ------------------------------------------------------------------ running


def run(program: Program, algebra: Algebra, arguments: Sequence[Array]) -> list[Array]:
    """The flat outputs of the program, as object arrays of the algebra's scalars.

    Args:
        arguments: one object array per flat argument, shaped like it.
    """
    for array, leaf in zip(arguments, program.arguments, strict=True):
        if array.shape != leaf.shape:
            raise DomainError(f"a point of shape {array.shape} for the domain {leaf} of shape {leaf.shape}")
    inputs = [*_constants(program, algebra), *arguments]
    return [_lift(result, algebra) for result in _walk(program.closed.jaxpr, inputs, algebra)]


def run_steps(program: Program, algebra: Algebra, arguments: Sequence[Array]) -> Iterator[Array]:
    """The values of `steps(program)`, one after the other, each computed when it is asked for."""
    jaxpr = program.closed.jaxpr
    plan = _planned(jaxpr)
    values = _started(plan, [*_constants(program, algebra), *arguments], algebra)
    for eqn, results in zip(jaxpr.eqns, _results(plan, values, algebra), strict=True):
        if eqn.outvars[0].aval.dtype == np.float64:
            yield _lift(results[0], algebra)


def _run(jaxpr: core.Jaxpr, consts: Sequence[Any], arguments: Sequence[Array], algebra: Algebra) -> list[Array]:
    return _walk(jaxpr, [*(_enter(c, algebra) for c in consts), *arguments], algebra)


def _walk(jaxpr: core.Jaxpr, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """The outputs of a jaxpr on its constants and arguments, in one list."""
    plan = _planned(jaxpr)
    values = _started(plan, inputs, algebra)
    for _ in _results(plan, values, algebra):
        pass
    return [values[place] for place in plan.outputs]


_KEPT = 1 << 14  # entries of all constants of a program up to which they are kept as scalars


def _constants(program: Program, algebra: Algebra) -> list[Array]:
    """The program's constants as scalars; they are doubles, so that no precision rounds them."""
    kept = program.entered.get(algebra.literal)
    if kept is None:
        kept = [_enter(c, algebra) for c in program.closed.consts]
        if sum(c.size for c in kept) <= _KEPT:
            program.entered[algebra.literal] = _locked(kept)
    return kept


def _locked(arrays: list[Array]) -> list[Array]:
    """The arrays of scalars, which others will read too, not to be written to."""
    for array in arrays:
        if not is_known(array):
            array.flags.writeable = False
    return arrays


# ------------------------------------------------------------------ plans

Prepared = Callable[[list[Array], Algebra], list[Array]]


@dataclass(frozen=True, eq=False)
class _Equation:
    """An equation of a plan: what it does, and the places that it reads and fills."""

    does: Prepared
    read: tuple[int, ...]
    filled: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class _Plan:
    """The equations of a jaxpr over numbered places: what their types tell is found out once.

    The first places are those of the constants and arguments, the next those of the numbers written in the equations.
    `entered` has the latter as scalars, by the `literal` of the algebras that have read them.
    """

    literals: tuple[Any, ...]
    inputs: int
    size: int
    steps: tuple[_Equation, ...]
    outputs: tuple[int, ...]
    entered: WeakKeyDictionary[Callable[[float], Scalar], list[Array]] = field(default_factory=WeakKeyDictionary)


_plans: WeakKeyDictionary[core.Jaxpr, _Plan] = WeakKeyDictionary()


def _planned(jaxpr: core.Jaxpr) -> _Plan:
    plan = _plans.get(jaxpr)
    if plan is None:
        plan = _plans[jaxpr] = _plan(jaxpr)
    return plan


def _plan(jaxpr: core.Jaxpr) -> _Plan:
    read = [atom for eqn in jaxpr.eqns for atom in eqn.invars] + list(jaxpr.outvars)
    literals = {id(atom): atom for atom in read if isinstance(atom, core.Literal)}
    made = [v for eqn in jaxpr.eqns for v in eqn.outvars]
    given = [*jaxpr.constvars, *jaxpr.invars]
    place = {id(v): k for k, v in enumerate((*given, *literals.values(), *made))}

    def places(atoms: Sequence[Any]) -> tuple[int, ...]:
        return tuple(place[id(atom)] for atom in atoms)

    return _Plan(
        literals=tuple(atom.val for atom in literals.values()),
        inputs=len(given),
        size=len(given) + len(literals) + len(made),
        steps=tuple(_Equation(_prepared(eqn), places(eqn.invars), places(eqn.outvars)) for eqn in jaxpr.eqns),
        outputs=places(jaxpr.outvars),
    )


def _started(plan: _Plan, inputs: list[Array], algebra: Algebra) -> list[Any]:
    """The places of a plan, with what it begins with."""
    literals = plan.entered.get(algebra.literal)
    if literals is None:
        literals = plan.entered[algebra.literal] = _locked([_enter(x, algebra) for x in plan.literals])
    assert len(inputs) == plan.inputs  # callers have counted them
    return [*inputs, *literals, *[None] * (plan.size - len(inputs) - len(literals))]


def _results(plan: _Plan, values: list[Any], algebra: Algebra) -> Iterator[list[Array]]:
    """What each equation makes, put in its place before the next one begins."""
    for step in plan.steps:
        results = step.does([values[place] for place in step.read], algebra)
        for place, result in zip(step.filled, results, strict=True):
            values[place] = result
        yield results


def _prepared(eqn: Any) -> Prepared:
    """What an equation does, as far as the types of its operands tell; what it refuses, it refuses when it is run."""
    name = eqn.primitive.name
    if name not in UNCHECKED and not all(is_exact(getattr(v.aval, "dtype", None)) for v in eqn.outvars):
        return functools.partial(_refuse_rounding, eqn)
    if name in INLINED or name == HIGH:
        return functools.partial(_call, eqn)
    if name in CONTROL:
        return lambda inputs, algebra: CONTROL[name](eqn, inputs, algebra)
    if name in MOVEMENT:
        return functools.partial(_move, eqn)
    if eqn.invars and all(getattr(atom.aval, "dtype", None) == np.float64 for atom in eqn.invars):
        return functools.partial(_on_floats, eqn, name)
    return functools.partial(_on_numbers, eqn)


def _refuse_rounding(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    dtypes = (getattr(v.aval, "dtype", None) for v in eqn.outvars)
    rounded = next(dtype for dtype in dtypes if not is_exact(dtype))
    raise UnsupportedError(
        f"the equation `{_short(eqn)}`{_place(eqn)} computes in {rounded}; an exact question is about float64 "
        "programs (float32 rounds its constants, so it is another function). Cast to float64."
    )


@functools.cache
def is_exact(dtype: Any) -> bool:
    """Whether numbers of the type are read as they are: doubles, integers, truth values."""
    return dtype is not None and bool(dtype == np.float64 or not jnp.issubdtype(dtype, np.inexact))


def _enter(constant: Any, algebra: Algebra) -> Array:
    """A constant: exact scalars for floats, plain NumPy for integers and truth values."""
    array = np.asarray(constant)
    return _literals(array, algebra) if np.issubdtype(array.dtype, np.floating) else array


def _literals(array: Array, algebra: Algebra) -> Array:
    """Equal numbers as one object."""
    numbers = np.asarray(array, dtype=np.float64).reshape(-1)
    different, places = (numbers, None) if len(numbers) == 1 else np.unique(numbers, return_inverse=True)
    made = np.empty(len(different), dtype=object)
    for i, x in enumerate(different.tolist()):
        made[i] = algebra.literal(x)
    return (made if places is None else made[places]).reshape(array.shape)


def _lift(array: Array, algebra: Algebra) -> Array:
    """Known numbers become exact scalars; known truth values stay what they are, as objects."""
    return array if array.dtype == object else _operand(array, algebra)


def is_known(array: Array) -> bool:
    """Whether an interpreter value is plain NumPy (integers, truth values), not scalars of the algebra."""
    return bool(array.dtype != object)


def _settle(array: Array) -> Array:
    """Truth values that were all decided become plain NumPy booleans."""
    if array.dtype != object or not array.size or not isinstance(array.item(0), _TRUTHS):
        return array
    return array.astype(bool) if all(isinstance(x, _TRUTHS) for x in array.reshape(-1).tolist()) else array


_TRUTHS = (bool, np.bool_)


def _call(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    inner = called(eqn)
    assert inner is not None  # such equations are calls
    return _run(*inner, inputs, algebra)


def _move(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    name = eqn.primitive.name
    if name in COMPARING:
        _refuse_counting(eqn, inputs, algebra)
    result = MOVEMENT[name](eqn, inputs, algebra)
    return list(result) if isinstance(result, list) else [result]


def _on_floats(eqn: Any, name: str, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """An equation on floats alone: scalars of the algebra, never plain NumPy."""
    if name in REDUCTIONS:
        return [REDUCTIONS[name](eqn, inputs, algebra)]
    if name not in algebra.rules:
        _refuse_unknown(eqn, algebra)
    return [_elementwise(eqn, inputs, algebra)]


def _on_numbers(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """An equation on integers or truth values, or on some of them and floats."""
    name = eqn.primitive.name
    if name in PLACES and any(_are_places(atom.aval, x) for atom, x in zip(eqn.invars, inputs, strict=True)):
        return [PLACES[name](eqn, inputs)]
    if name == "and" and any(_are(_Bits, atom.aval, x) for atom, x in zip(eqn.invars, inputs, strict=True)):
        return [_masked(eqn, inputs)]
    _refuse_counting(eqn, inputs, algebra)
    if name in REDUCTIONS and not is_known(inputs[0]):
        return [REDUCTIONS[name](eqn, inputs, algebra)]
    if all(is_known(x) for x in inputs):
        return _known(eqn, inputs, algebra)
    if name not in algebra.rules:
        _refuse_unknown(eqn, algebra)
    return [_elementwise(eqn, [_operand(x, algebra) for x in inputs], algebra)]


def _refuse_unknown(eqn: Any, algebra: Algebra) -> NoReturn:
    name = eqn.primitive.name
    if name == opaque_activation.name:
        _without_values(name=eqn.params["name"])
    raise UnsupportedError(
        f"the {algebra.name} reading has no rule for the primitive `{name}`, in the equation `{_short(eqn)}`"
        f"{_place(eqn)}. To add one: an elementwise function is one row of netprops/readings/atoms.py; data movement "
        "and reductions are tables at the end of netprops/readings/jaxpr.py."
    )


@dataclass(frozen=True, eq=False)
class _Choice:
    """An integer, 0 or 1, that is a truth value of the algebra: to choose by, not to count.

    Without a truth value it is an integer of which nothing is known: not to be used at all.
    """

    truth: Any


@dataclass(frozen=True, eq=False)
class _Bits:
    """The bits of a double, all but the first `kept` of its significand put to 0: to be made a number again.

    Of a real number they are those of its binary digits, cut off.
    """

    value: Scalar
    kept: int


NO_NUMBERS = _Choice | _Bits | Place | Count
SIGNIFICAND = 52  # bits of a double that are stored of it


def _unwrap(array: Array) -> Array:
    """Choices as the truth values that they are."""
    return array if is_known(array) else _map(_unwrapped, [array])


def _unwrapped(x: Any) -> Any:
    if isinstance(x, _Choice) and x.truth is None:
        raise UnsupportedError("a choice by places that depend on the arguments (top_k, argsort)")
    return x.truth if isinstance(x, _Choice) else x


def _are(kind: type | UnionType, aval: Any, x: Array) -> bool:
    """Whether integers are made of choices, or bits."""
    if is_known(x) or aval.dtype == np.float64 or not jnp.issubdtype(aval.dtype, np.integer):
        return False
    return any(isinstance(entry, kind) for entry in x.reshape(-1))


def _refuse_counting(eqn: Any, inputs: list[Array], algebra: Algebra) -> None:
    for atom, x in zip(eqn.invars, inputs, strict=True):
        if _are(NO_NUMBERS, atom.aval, x):
            raise UnsupportedError(
                f"`{_short(eqn)}`{_place(eqn)}: arithmetic on integers that the {algebra.name} reading cannot "
                "decide: made of comparisons, or places found by sorting"
            )


def _are_places(aval: Any, x: Array) -> bool:
    """Whether entries are open truth values, or integers made of such."""
    open_truths = not is_known(x) and jnp.issubdtype(aval.dtype, np.bool_)
    return bool(open_truths) or _are(_Choice | Place | Count, aval, x)


def _first_largest(eqn: Any, inputs: list[Array]) -> Array:
    (axis,) = eqn.params["axes"]
    places = first_largest(_unwrap(inputs[0]), axis)
    return places.astype(eqn.outvars[0].aval.dtype) if is_known(places) else places


def _running_counts(eqn: Any, inputs: list[Array]) -> Array:
    if eqn.params["reverse"]:
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: a count of comparisons from the end")
    return running_counts(_unwrap(inputs[0]), eqn.params["axis"])


def _within(eqn: Any, inputs: list[Array]) -> Array:
    low, places, high = inputs
    if is_known(places) or not (is_known(low) and is_known(high)) or not _are(Place, eqn.invars[1].aval, places):
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: limits that depend on the arguments")
    if not all_within(places, int(low.max()), int(high.min())):
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: limits that cut off places that depend on the arguments")
    return places


PLACES: dict[str, Callable[[Any, list[Array]], Array]] = {
    "argmax": _first_largest,
    "cumsum": _running_counts,
    "clamp": _within,
}


def _known(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """An equation on integers and truth values alone: by NumPy where it has the function, else by running it."""
    name = eqn.primitive.name
    if name in NUMPY:
        out = np.asarray(NUMPY[name](*inputs)).astype(eqn.outvars[0].aval.dtype)
        return [out]
    results = eqn.primitive.bind(*inputs, **eqn.params)
    results = results if eqn.primitive.multiple_results else [results]
    return [_enter(np.asarray(result), algebra) for result in results]


def _elementwise(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    name = eqn.primitive.name
    rule = algebra.rules[name]
    if name in algebra.with_parameters:
        rule = functools.partial(rule, **eqn.params)
    return _settle(_map(rule, inputs))


def _operand(array: Array, algebra: Algebra) -> Array:
    """Known truth values stay Python booleans; known integers (exponents) become exact scalars."""
    if not is_known(array):
        return array
    if array.dtype == bool:
        return array.astype(object)
    return _literals(array, algebra)


def _map(function: Callable[..., Scalar], arrays: Sequence[Array]) -> Array:
    """The function of all entries, broadcast.

    Lists of them: NumPy's own iterators, and its functions that broadcast, take longer than most functions here.
    """
    shapes = {a.shape: a for a in arrays}
    shape = arrays[0].shape if len(shapes) == 1 else np.broadcast(*shapes.values()).shape
    if shape == ():
        return _scalar(function(*(a.item() for a in arrays)), known=False)
    if function is operator.add:  # NumPy's own is that, entry by entry
        a, b = arrays
        return np.add(a, b, out=np.empty(shape, dtype=object))
    if len(shapes) > 1:
        arrays = [_spread(a, shape) for a in arrays]
    entries = map(function, *(a.reshape(-1).tolist() for a in arrays))
    return np.fromiter(entries, dtype=object, count=math.prod(shape)).reshape(shape)


def _spread(array: Array, shape: tuple[int, ...]) -> Array:
    """The array in a larger shape."""
    if array.shape == shape:
        return array
    full = np.empty(shape, dtype=object)
    full[...] = array
    return full


def _short(eqn: Any) -> str:
    avals = ", ".join(str(atom.aval) for atom in eqn.invars)
    return f"{eqn.primitive.name}({avals}) -> {', '.join(str(v.aval) for v in eqn.outvars)}"


def _place(eqn: Any) -> str:
    """Where the equation was written, if the trace still knows."""
    frames = getattr(getattr(eqn.source_info, "traceback", None), "frames", ())
    for frame in frames:
        if "site-packages" not in frame.file_name and "netprops/" not in frame.file_name:
            return f" written at {frame.file_name}:{frame.line_num}"
    return ""


def written_at(eqn: Any) -> str:
    """Where an equation was written, in words that follow its name; empty if the trace does not know."""
    return _place(eqn)


# ------------------------------------------------------------------ calls


def applied(program: Program, eqn: Any, inputs: Sequence[Any]) -> list[Any]:
    """What an equation of a program makes of other operands of the same types: arrays, or tracers of another trace."""
    places = {v: k for k, v in enumerate(eqn.invars) if isinstance(v, core.Var)}
    alone = program.closed.jaxpr.replace(constvars=[], invars=list(places), eqns=[eqn], outvars=list(eqn.outvars))
    made: list[Any] = core.jaxpr_as_fun(core.ClosedJaxpr(alone, ()))(*(inputs[k] for k in places.values()))
    return made


def called(eqn: Any) -> tuple[core.Jaxpr, Sequence[Any]] | None:
    """The program that an equation only calls, and its constants; None for an equation that does something itself."""
    if eqn.primitive.name in INLINED:
        closed = next(eqn.params[key] for key in ("jaxpr", "call_jaxpr", "fun_jaxpr") if key in eqn.params)
    elif eqn.primitive.name == HIGH:
        closed = _opened(eqn)
    else:
        return None
    return (closed.jaxpr, closed.consts) if isinstance(closed, core.ClosedJaxpr) else (closed, ())


def _opened(eqn: Any) -> core.ClosedJaxpr:
    """A high primitive in the primitives that it is written in, as JAX itself lowers it."""
    return _lowered(eqn.primitive, tuple(sorted(eqn.params.items())), tuple(atom.aval for atom in eqn.invars))


@functools.lru_cache(maxsize=256)
def _lowered(primitive: Any, parameters: tuple[tuple[str, Any], ...], avals: tuple[Any, ...]) -> core.ClosedJaxpr:
    return jax.make_jaxpr(lambda *xs: primitive.to_lojax(*xs, **dict(parameters)))(*avals)


# ------------------------------------------------------------------ control flow


def scan_counts(parameters: Mapping[str, Any]) -> tuple[int, int]:
    """How many operands of a scan are constants, and how many are carried, in the words of every JAX from 0.10 on."""
    if "ft_in" in parameters:  # since 0.12
        consts, carry, _ = parameters["ft_in"].unpack()
        return len(consts), len(carry)
    return parameters["num_consts"], parameters["num_carry"]


def _scan(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    p, length = eqn.params, eqn.params["length"]
    n_consts, n_carry = scan_counts(p)
    consts, carry, xs = inputs[:n_consts], inputs[n_consts : n_consts + n_carry], inputs[n_consts + n_carry :]
    steps: list[list[Array]] = []
    order = range(length - 1, -1, -1) if p["reverse"] else range(length)
    for i in order:
        out = _run(p["jaxpr"].jaxpr, p["jaxpr"].consts, [*consts, *carry, *(_row(x, i) for x in xs)], algebra)
        carry = out[:n_carry]
        steps.append([np.asarray(y) for y in out[n_carry:]])
    if p["reverse"]:
        steps.reverse()
    if not steps:
        empty = [np.empty(v.aval.shape, dtype=object) for v in eqn.outvars[n_carry:]]
        return [*carry, *empty]
    stacked = [np.stack(_together(list(column), algebra)) for column in zip(*steps, strict=True)]
    return [*carry, *stacked]


def _row(x: Array, i: int) -> Array:
    """x[i] as an array, also when the entries are objects and x has one axis."""
    return x[i : i + 1].reshape(x.shape[1:])


MAX_TRIPS = 10_000


def _while(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    p = eqn.params
    cond_consts = inputs[: p["cond_nconsts"]]
    body_consts = inputs[p["cond_nconsts"] : p["cond_nconsts"] + p["body_nconsts"]]
    carry = inputs[p["cond_nconsts"] + p["body_nconsts"] :]
    for _ in range(MAX_TRIPS):
        (go,) = _run(p["cond_jaxpr"].jaxpr, p["cond_jaxpr"].consts, [*cond_consts, *carry], algebra)
        go = _settle(go)
        if not is_known(go):
            raise UnsupportedError(
                f"a while loop{_place(eqn)} whose end depends on the arguments cannot be unrolled by the "
                f"{algebra.name} reading"
            )
        if not go.any():
            return list(carry)
        after = _run(p["body_jaxpr"].jaxpr, p["body_jaxpr"].consts, [*body_consts, *carry], algebra)
        carry = after if go.all() else [_where(go, new, old) for new, old in zip(after, carry, strict=True)]
    raise UnsupportedError(f"a while loop{_place(eqn)} runs more than {MAX_TRIPS} times")


def _where(go: Array, new: Array, old: Array) -> Array:
    """A step of a batched loop: new where the loop still runs (`go` has the leading axes), else old."""
    new, old = (new, old) if is_known(new) == is_known(old) else (new.astype(object), old.astype(object))
    return np.where(go.reshape(go.shape + (1,) * (new.ndim - go.ndim)), new, old)


def _cond(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    branches, which = eqn.params["branches"], _settle(inputs[0])
    if is_known(which):
        branch = branches[int(np.clip(int(which), 0, len(branches) - 1))]
        return _run(branch.jaxpr, branch.consts, inputs[1:], algebra)
    if len(branches) != 2 and not _are(Place, eqn.invars[0].aval, which):
        raise UnsupportedError(f"a switch{_place(eqn)} on an index that depends on the arguments")
    outcomes = [_run(branch.jaxpr, branch.consts, inputs[1:], algebra) for branch in branches]
    columns = zip(eqn.outvars, zip(*outcomes, strict=True), strict=True)
    return [_choose(variable.aval, which, cases, algebra) for variable, cases in columns]


def _choose(aval: Any, which: Array, cases: Sequence[Array], algebra: Algebra) -> Array:
    """The cases by an undecided index: the algebra's choice of numbers or of truth values."""
    if any(_are(NO_NUMBERS, aval, case) for case in cases):
        raise UnsupportedError(f"the {algebra.name} reading cannot choose among integers made of comparisons or bits")
    lifted = [_lift(case, algebra) for case in cases]
    choose = algebra.rules["choose_truth"] if jnp.issubdtype(aval.dtype, np.bool_) else algebra.select

    def by(index: Any, *values: Any) -> Any:
        return chosen(index, values, choose) if isinstance(index, Place) else choose(index, *values[:2])

    return _settle(_map(by, [np.broadcast_to(_unwrap(which), lifted[0].shape), *lifted]))


def _custom_linear_refusal(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    raise UnsupportedError(
        f"`{eqn.primitive.name}`{_place(eqn)} is refused: its floating-point factors are not the exact roots of unity. "
        "Write the convolution with roll, gather or jnp.convolve."
    )


# ------------------------------------------------------------------ linear algebra


def _linear_solve(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """x with A x = b, A read off its own program `matvec`; how JAX would solve it (`solve`) does not matter."""
    counts = eqn.params["const_lengths"]
    consts, b = inputs[: counts.matvec], inputs[sum(counts) :]
    if len(b) != 1:
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)} solves for several arrays at once")
    right = _lift(b[0], algebra)
    matvec, size = eqn.params["jaxprs"].matvec, right.size
    A = np.empty((size, size), dtype=object)
    for column in range(size):
        unit = np.zeros(size)
        unit[column] = 1.0
        (image,) = _run(matvec.jaxpr, matvec.consts, [*consts, _literals(unit.reshape(right.shape), algebra)], algebra)
        A[:, column] = image.reshape(-1)
    return [linear_algebra.solution(algebra, A, right.reshape(-1)).reshape(right.shape)]


def _factored(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """L, U and the pivots, which depend on the order in which JAX meets the entries: unknown, and not to be used."""
    matrix, *pivots = (np.empty(v.aval.shape, dtype=object) for v in eqn.outvars)
    matrix.reshape(-1)[:] = Unknown("an entry of an LU decomposition")
    for array in pivots:
        array.reshape(-1)[:] = _Choice(None)
    return [matrix, *pivots]


# ------------------------------------------------------------------ an activation of which only the name is known

opaque_activation = core.Primitive("opaque_activation")


def _without_values(*_: Any, name: str) -> Any:
    raise UnsupportedError(
        f"the opaque activation {name!r} stands for every activation and has no values: neither floats, balls nor "
        "derivatives can be had of it. What holds for all activations is asked of are_equal; to refute or to "
        "evaluate, put one of them in its place, such as jnp.tanh"
    )


opaque_activation.def_abstract_eval(lambda x, *, name: x)
opaque_activation.def_impl(_without_values)
batching.defvectorized(opaque_activation)
ad.primitive_jvps[opaque_activation] = lambda primals, tangents, *, name: _without_values(name=name)
mlir.register_lowering(opaque_activation, lambda context, *xs, name: _without_values(name=name))


INLINED = frozenset(
    {"jit", "pjit", "closed_call", "core_call", "custom_jvp_call", "custom_vjp_call", "custom_vjp_call_jaxpr"}
    | {"remat", "checkpoint", "remat2", "custom_lin", "run_state"}
)
HIGH = "call_hi_primitive"  # a step of JAX's own that is written in other primitives, `jnp.nonzero` since 0.12
UNCHECKED = INLINED | {HIGH, "fft"}  # looked into, or refused in better words
CONTROL: dict[str, Callable[[Any, list[Array], Algebra], list[Array]]] = {
    "scan": _scan,
    "while": _while,
    "cond": _cond,
    "fft": _custom_linear_refusal,
    "custom_linear_solve": _linear_solve,
    "lu": _factored,
    "cholesky": linear_algebra.cholesky,
    "triangular_solve": linear_algebra.triangular_solve,
    "eigh": linear_algebra.eigh,
    "svd": linear_algebra.svd,
}


# ------------------------------------------------------------------ data movement: entries move, none is computed


def _broadcast_in_dim(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    x, shape, where = inputs[0], eqn.params["shape"], eqn.params["broadcast_dimensions"]
    if math.prod(shape) == x.size:  # no entry twice
        return x.reshape(shape)
    expanded = [1] * len(shape)
    for axis, target in enumerate(where):
        expanded[target] = x.shape[axis]
    return np.broadcast_to(x.reshape(expanded), shape)


def _slice(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    p = eqn.params
    strides = p["strides"] or (1,) * len(p["start_indices"])
    return inputs[0][tuple(map(slice, p["start_indices"], p["limit_indices"], strides))]


def _pad(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    x, fill = inputs
    config = eqn.params["padding_config"]
    shape = [n + max(n - 1, 0) * inner for n, (_, _, inner) in zip(x.shape, config, strict=True)]
    dilated = _full(shape, fill, x.dtype)
    dilated[tuple(slice(None, None, inner + 1) for _, _, inner in config)] = x
    total = [n + max(low, 0) + max(high, 0) for n, (low, high, _) in zip(shape, config, strict=True)]
    padded = _full(total, fill, x.dtype)
    padded[tuple(slice(max(low, 0), max(low, 0) + n) for n, (low, _, _) in zip(shape, config, strict=True))] = dilated
    crop = (slice(max(-low, 0), n - max(-high, 0)) for n, (low, high, _) in zip(total, config, strict=True))
    return padded[tuple(crop)]


def _full(shape: Sequence[int], fill: Array, dtype: Any) -> Array:
    out = np.empty(tuple(shape), dtype=dtype)
    out[...] = fill.item() if is_known(fill) else fill[()]
    return out


def _dynamic_slice(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    x, sizes = inputs[0], eqn.params["slice_sizes"]
    starts = _starts(eqn, inputs[1:], x.shape, sizes, algebra)
    return x[tuple(slice(s, s + n) for s, n in zip(starts, sizes, strict=True))]


def _dynamic_update_slice(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    x, update = inputs[0].copy(), inputs[1]
    starts = _starts(eqn, inputs[2:], x.shape, update.shape, algebra)
    x[tuple(slice(s, s + n) for s, n in zip(starts, update.shape, strict=True))] = update
    return x


def _starts(eqn: Any, given: list[Array], shape: Sequence[int], sizes: Sequence[int], algebra: Algebra) -> list[int]:
    if not all(is_known(s) for s in given):
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: an index that depends on the arguments")
    return [min(max(int(s), 0), n - k) for s, n, k in zip(given, shape, sizes, strict=True)]


def _gather_positions(
    eqn: Any, shape: Sequence[int], indices: Array, offset_dims: Any, collapsed: Any, index_map: Any,
    operand_batching: Any, index_batching: Any, sizes: Sequence[int], clips: bool,
) -> Array:  # fmt: skip
    """Flat positions in an operand of `shape` that each entry of the result reads.

    Where the indices lead outside: -1, or the nearest window inside if it `clips`.
    """
    batch_shape = indices.shape[:-1]
    kept = [d for d in range(len(shape)) if d not in collapsed and d not in operand_batching]
    window = [range(sizes[d]) for d in kept]
    strides = [math.prod(shape[d + 1 :]) for d in range(len(shape))]
    rows = np.empty((*batch_shape, *(len(w) for w in window)), dtype=np.int64)
    for position in np.ndindex(*batch_shape):
        start = [0] * len(shape)
        for k, d in enumerate(index_map):
            start[d] = int(indices[(*position, k)])
        fits = all(0 <= start[d] <= shape[d] - sizes[d] for d in index_map)
        if clips:
            start = [min(max(s, 0), shape[d] - sizes[d]) for d, s in enumerate(start)]
            fits = True
        for d, axis in zip(operand_batching, index_batching, strict=True):
            start[d] = position[axis]
        for offsets in itertools.product(*window):
            place = list(start)
            for d, o in zip(kept, offsets, strict=True):
                place[d] += o
            rows[(*position, *offsets)] = sum(p * s for p, s in zip(place, strides, strict=True)) if fits else -1
    rank = rows.ndim
    order: list[int] = []
    batch_axes, offset_axes = iter(range(len(batch_shape))), iter(range(len(batch_shape), rank))
    for axis in range(rank):
        order.append(next(offset_axes) if axis in offset_dims else next(batch_axes))
    return rows.transpose(order)


def _gather(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    x, indices = inputs
    if not is_known(indices):
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: an index that depends on the arguments")
    d, mode = eqn.params["dimension_numbers"], str(eqn.params["mode"]).lower()
    where = _gather_positions(
        eqn, x.shape, indices, d.offset_dims, d.collapsed_slice_dims, d.start_index_map, d.operand_batching_dims,
        d.start_indices_batching_dims, eqn.params["slice_sizes"], "clip" in mode or "promise" in mode,
    )  # fmt: skip
    if (where < 0).any():
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: a constant index lies outside the array")
    return _take(x.reshape(-1), where)


def _take(flat: Array, where: Array) -> Array:
    out = np.empty(where.shape, dtype=flat.dtype)
    out[...] = flat[where]
    return out


def _scatter(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    x, indices, updates = inputs
    name = eqn.primitive.name
    if not is_known(indices):
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: an index that depends on the arguments")
    where = scatter_positions(eqn, x.shape, indices, updates.shape)
    known = is_known(x) and is_known(updates)
    out = (x if known else _lift(x, algebra)).reshape(-1).copy()
    new = (updates if known else _lift(updates, algebra)).reshape(-1)
    combine = _applied(eqn) if applies(eqn) else SCATTERS[name]
    for place, value in zip(where.reshape(-1), new, strict=True):
        if place >= 0:
            out[place] = combine(out[place], value, algebra, known)
    return out.reshape(x.shape)


def scatter_positions(eqn: Any, shape: Sequence[int], indices: Array, updates: Sequence[int]) -> Array:
    """Flat positions in an operand of `shape` that each entry of the updates goes to; -1 where it is dropped."""
    d = eqn.params["dimension_numbers"]
    windows = iter(updates[axis] for axis in d.update_window_dims)
    absent = (*d.inserted_window_dims, *d.operand_batching_dims)
    sizes = [1 if axis in absent else next(windows) for axis in range(len(shape))]
    return _gather_positions(
        eqn, shape, indices, d.update_window_dims, d.inserted_window_dims, d.scatter_dims_to_operand_dims,
        d.operand_batching_dims, d.scatter_indices_batching_dims, sizes, "clip" in str(eqn.params["mode"]).lower(),
    )  # fmt: skip


def applies(eqn: Any) -> bool:
    """Whether a scatter is ``x.at[...].apply(function)``: it has no new entries, but a function of the old ones."""
    return eqn.primitive.name == "scatter" and eqn.params["update_jaxpr"] is not None


def _applied(eqn: Any) -> Callable[[Any, Any, Algebra, bool], Any]:
    def combine(old: Any, new: Any, algebra: Algebra, known: bool) -> Any:
        operands = [_scalar(old, known), _scalar(new, known)]
        return _run(eqn.params["update_jaxpr"], eqn.params["update_consts"], operands, algebra)[0][()]

    return combine


def _scalar(value: Any, known: bool) -> Array:
    array = np.empty((), dtype=np.asarray(value).dtype if known else object)
    array[()] = value
    return array


SCATTERS: dict[str, Callable[[Any, Any, Algebra, bool], Any]] = {
    "scatter": lambda old, new, algebra, known: new,
    "scatter-add": lambda old, new, algebra, known: old + new if known else algebra.add_all([old, new]),
    "scatter-mul": lambda old, new, algebra, known: old * new if known else algebra.multiply_all([old, new]),
    "scatter-max": lambda old, new, algebra, known: max(old, new) if known else algebra.largest([old, new]),
    "scatter-min": lambda old, new, algebra, known: min(old, new) if known else algebra.smallest([old, new]),
}


def _convert(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    x, dtype = inputs[0], np.dtype(eqn.params["new_dtype"])
    if is_known(x):
        return _literals(x, algebra) if np.issubdtype(dtype, np.floating) else x.astype(dtype)
    if _are(_Bits, eqn.invars[0].aval, x):
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: the bits of numbers that depend on the arguments")
    if _are(Place, eqn.invars[0].aval, x) and np.issubdtype(dtype, np.integer):
        return x
    if _are(Place | Count, eqn.invars[0].aval, x):
        _refuse_counting(eqn, inputs, algebra)
    if _are(_Choice, eqn.invars[0].aval, x):
        x, from_truth = _unwrap(x), True
    else:
        from_truth = jnp.issubdtype(eqn.invars[0].aval.dtype, np.bool_)
    if from_truth and np.issubdtype(dtype, np.floating):
        zero, one = algebra.literal(0.0), algebra.literal(1.0)
        return _map(lambda truth: algebra.select(truth, zero, one), [x])
    if from_truth:
        return x if dtype == np.bool_ else _map(_Choice, [x])
    if np.issubdtype(dtype, np.floating):
        return x
    whole = [algebra.whole(entry) for entry in x.reshape(-1)]
    known = [k for k in whole if k is not None]
    if len(known) == len(whole) and np.issubdtype(dtype, np.integer):
        limits = np.iinfo(dtype)
        if not all(limits.min <= k <= limits.max for k in known):  # XLA and NumPy differ there
            raise UnsupportedError(
                f"`{_short(eqn)}`{_place(eqn)}: a conversion of a number outside the range of {dtype}"
            )
        return np.array(known).reshape(x.shape).astype(dtype)
    raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: a conversion to {dtype} that depends on the arguments")


def _bitcast(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    """The bits of doubles, and doubles of bits (to cut digits off, so that products of the rest are exact)."""
    x, dtype = inputs[0], np.dtype(eqn.params["new_dtype"])
    if is_known(x):
        return _known(eqn, inputs, algebra)[0]
    if eqn.invars[0].aval.dtype == np.float64 and dtype in (np.uint64, np.int64):
        return _map(lambda entry: _Bits(entry, SIGNIFICAND), [x])
    if dtype == np.float64 and all(isinstance(entry, _Bits) for entry in x.reshape(-1)):
        cut = algebra.rules["cut"]
        return _map(lambda bits: bits.value if bits.kept == SIGNIFICAND else cut(bits.value, kept=bits.kept), [x])
    raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: the bits of numbers that depend on the arguments")


def _masked(eqn: Any, inputs: list[Array]) -> Array:
    """Bits of which a mask leaves the sign, the exponent and the first digits."""
    masks = [x for x in inputs if is_known(x)]
    if len(masks) == 1:
        mask = int(masks[0].flat[0]) % 2**64
        dropped = (mask & -mask).bit_length() - 1
        if (masks[0] == masks[0].flat[0]).all() and 0 <= dropped <= SIGNIFICAND and mask == 2**64 - 2**dropped:
            (bits,) = (x for x in inputs if not is_known(x))
            left = _map(lambda entry: _Bits(entry.value, min(entry.kept, SIGNIFICAND - dropped)), [bits])
            return np.broadcast_to(left, eqn.outvars[0].aval.shape)
    raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: a mask that does more than to cut digits off")


def _select_n(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    which, *cases = inputs
    which = _settle(which)
    if is_known(which):
        if all(is_known(case) for case in cases):
            return np.choose(np.broadcast_to(which.astype(int), cases[0].shape), cases)
        lifted = [_lift(case, algebra) for case in cases]
        if which.ndim == 0:
            return _settle(lifted[int(which)])
        return _settle(_map(lambda k, *xs: xs[int(k)], [which.astype(int).astype(object), *lifted]))
    return _choose(eqn.outvars[0].aval, which, cases, algebra)


def _sort(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    if len(inputs) != 1 or is_known(inputs[0]):
        if all(is_known(x) for x in inputs):
            return _known(eqn, inputs, algebra)
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: sorting several arrays together (argsort)")
    axis = eqn.params["dimension"]
    moved = np.moveaxis(inputs[0], axis, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    out = np.empty(rows.shape, dtype=object)
    for i, row in enumerate(rows):
        out[i, :] = algebra.order(list(row))
    return [np.moveaxis(out.reshape(moved.shape), -1, axis)]


def _top_k(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    """The k largest along an axis, descending, and their places, which depend on the arguments and may not be used."""
    x, k, axis = inputs[0], eqn.params["k"], eqn.params.get("axis", -1)
    if is_known(x):
        return _known(eqn, inputs, algebra)
    moved = np.moveaxis(x, axis, -1)
    rows = moved.reshape(-1, moved.shape[-1])
    out = np.empty((len(rows), k), dtype=object)
    for i, row in enumerate(rows):
        out[i, :] = algebra.order(list(row))[::-1][:k]
    values = np.moveaxis(out.reshape(*moved.shape[:-1], k), -1, axis)
    return [values, np.full(values.shape, _Choice(None), dtype=object)]


def _iota(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    p = eqn.params
    shape, axis = p["shape"], p["dimension"]
    along = np.arange(shape[axis]).reshape([-1 if i == axis else 1 for i in range(len(shape))])
    full = np.broadcast_to(along, shape)
    dtype = np.dtype(p["dtype"])
    return _literals(full, algebra) if np.issubdtype(dtype, np.floating) else full.astype(dtype)


def _same(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    return inputs[0]


def _reshape(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    """In the order of the given axes, if any: ``jnp.ravel(x, order="F")`` is one reshape."""
    order = eqn.params["dimensions"]
    x = inputs[0] if order is None else inputs[0].transpose(order)
    return x.reshape(eqn.params["new_sizes"])


def _same_order(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    return inputs[0].reshape(eqn.outvars[0].aval.shape)


def _together(inputs: list[Array], algebra: Algebra) -> list[Array]:
    return inputs if all(is_known(x) for x in inputs) else [_lift(x, algebra) for x in inputs]


def _concatenate(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    return np.concatenate(_together(inputs, algebra), axis=eqn.params["dimension"])


def _stack(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    return np.stack(_together(inputs, algebra), axis=eqn.params["axis"])


def _transpose(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    return inputs[0].transpose(eqn.params["permutation"])


def _rev(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    return np.flip(inputs[0], eqn.params["dimensions"])


def _split(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    ends = np.cumsum(eqn.params["sizes"])[:-1]
    return list(np.split(inputs[0], ends, axis=eqn.params["axis"]))


def _unstack(eqn: Any, inputs: list[Array], algebra: Algebra) -> list[Array]:
    rows = np.moveaxis(inputs[0], eqn.params["axis"], 0)
    return [rows[i, ...] for i in range(len(rows))]  # with the dots, a scalar stays an array


MOVEMENT: dict[str, Callable[[Any, list[Array], Algebra], Array | list[Array]]] = {
    "bitcast_convert_type": _bitcast,
    "broadcast_in_dim": _broadcast_in_dim,
    "concatenate": _concatenate,
    "convert_element_type": _convert,
    "copy": _same,
    "dynamic_slice": _dynamic_slice,
    "dynamic_update_slice": _dynamic_update_slice,
    "gather": _gather,
    "iota": _iota,
    "optimization_barrier": lambda eqn, inputs, algebra: inputs,
    "pad": _pad,
    "reshape": _reshape,
    "rev": _rev,
    "select_n": _select_n,
    "slice": _slice,
    "sort": _sort,
    "top_k": _top_k,
    "split": _split,
    "squeeze": _same_order,
    "stack": _stack,
    "stop_gradient": _same,
    "transpose": _transpose,
    "unstack": _unstack,
    **dict.fromkeys(SCATTERS, _scatter),
}
COMPARING = frozenset({*SCATTERS, "sort", "top_k"} - {"scatter"})  # rows of this table that also compute


# ------------------------------------------------------------------ reductions and linear maps


def _along(x: Array, axes: Sequence[int], reduce: Callable[[Sequence[Scalar]], Scalar]) -> Array:
    kept = [axis for axis in range(x.ndim) if axis not in axes]
    moved = x.transpose([*kept, *axes])
    shape = moved.shape[: len(kept)]
    rows = moved.reshape(math.prod(shape), -1)
    return np.fromiter(map(reduce, rows.tolist()), dtype=object, count=len(rows)).reshape(shape)


def _reducer(pick: Callable[[Algebra], Callable[[Sequence[Scalar]], Scalar]]) -> Callable[..., Array]:
    return lambda eqn, inputs, algebra: _along(inputs[0], eqn.params["axes"], pick(algebra))


def _running(pick: Callable[[Algebra], Callable[[Sequence[Scalar]], Scalar]]) -> Callable[..., Array]:
    def rule(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
        axis, reduce = eqn.params["axis"], pick(algebra)
        x = np.moveaxis(inputs[0], axis, 0)
        if eqn.params["reverse"]:
            x = x[::-1]
        rows = [_row(x, i) for i in range(len(x))]
        out = rows[:1]
        for row in rows[1:]:
            out.append(_map(lambda a, b: reduce([a, b]), [out[-1], row]))
        stacked = np.stack(out[::-1] if eqn.params["reverse"] else out)
        return np.moveaxis(stacked, 0, axis)

    return rule


def _windows(ids: Array, dimensions: Any, strides: Any, padding: Any, base: Any, dilation: Any) -> Array:
    """Positions that each window covers, in the shape (*out, *window); -1 is padding."""
    spread = np.full([n + max(n - 1, 0) * (b - 1) for n, b in zip(ids.shape, base, strict=True)], -1)
    spread[tuple(slice(None, None, b) for b in base)] = ids
    crop = tuple(slice(max(-low, 0), n - max(-high, 0)) for n, (low, high) in zip(spread.shape, padding, strict=True))
    spread = np.pad(spread[crop], [(max(low, 0), max(high, 0)) for low, high in padding], constant_values=-1)
    reach = tuple((k - 1) * d + 1 for k, d in zip(dimensions, dilation, strict=True))
    views = np.lib.stride_tricks.sliding_window_view(spread, reach)
    steps = tuple(slice(None, None, s) for s in strides) + tuple(slice(None, None, d) for d in dilation)
    return views[steps]


Reduce = Callable[[Sequence[Scalar]], Scalar]


def _reduce_window(pick: Callable[[Algebra], Reduce], empty: float) -> Callable[..., Array]:
    def rule(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
        p, x = eqn.params, inputs[0]
        ids = np.arange(x.size).reshape(x.shape)
        dilations = (p["base_dilation"], p["window_dilation"])
        where = _windows(ids, p["window_dimensions"], p["window_strides"], p["padding"], *dilations)
        flat, shape = x.reshape(-1), where.shape[: x.ndim]
        rows = where.reshape(math.prod(shape), -1)
        out = np.empty(len(rows), dtype=object)
        for i, row in enumerate(rows):
            covered = [flat[k] for k in row if k >= 0]
            out[i] = pick(algebra)(covered) if covered else algebra.literal(empty)
        return out.reshape(shape)

    return rule


def _dot_general(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    (left_contract, right_contract), (left_batch, right_batch) = eqn.params["dimension_numbers"]
    left, right = (_lift(x, algebra) for x in inputs)
    left_free = [d for d in range(left.ndim) if d not in left_contract and d not in left_batch]
    right_free = [d for d in range(right.ndim) if d not in right_contract and d not in right_batch]
    batch = [left.shape[d] for d in left_batch]
    contracted = math.prod(left.shape[d] for d in left_contract)
    a = left.transpose([*left_batch, *left_free, *left_contract]).reshape(math.prod(batch), -1, contracted)
    b = right.transpose([*right_batch, *right_contract, *right_free]).reshape(math.prod(batch), contracted, -1)
    products = [algebra.matmul(x, y) for x, y in zip(a, b, strict=True)]
    free = [left.shape[d] for d in left_free] + [right.shape[d] for d in right_free]
    return (np.stack(products) if batch else products[0]).reshape([*batch, *free])


def _convolution(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    """``conv_general_dilated`` as matrix products over the positions that each output reads."""
    p = eqn.params
    numbers, groups, batches = p["dimension_numbers"], p["feature_group_count"], p["batch_group_count"]
    if batches != 1:
        raise UnsupportedError(f"`{_short(eqn)}`{_place(eqn)}: batch_group_count other than 1")
    left = _lift(inputs[0], algebra).transpose(numbers.lhs_spec)  # (batch, feature, *space)
    right = _lift(inputs[1], algebra).transpose(numbers.rhs_spec)  # (out, in, *window)
    n, features = left.shape[:2]
    outs, ins = right.shape[:2]
    space, window = left.shape[2:], right.shape[2:]
    ids = np.arange(math.prod(space)).reshape(space)
    where = _windows(ids, window, p["window_strides"], p["padding"], p["lhs_dilation"], p["rhs_dilation"])
    out_space = where.shape[: len(space)]
    places = where.reshape(math.prod(out_space), -1)
    zero = algebra.literal(0.0)
    flat = left.reshape(n, features, -1)
    kernels = right.reshape(outs, ins, -1)
    result = np.empty((n, outs, len(places)), dtype=object)
    per_out, per_in = outs // groups, features // groups
    for g in range(groups):
        fs = slice(g * per_in, (g + 1) * per_in)
        kernel = kernels[g * per_out : (g + 1) * per_out].reshape(per_out, -1)
        for image in range(n):
            patches = np.empty((per_in, len(places), places.shape[1]), dtype=object)
            patches[...] = flat[image, fs][:, np.maximum(places, 0)]
            patches[:, places < 0] = zero
            columns = patches.transpose(0, 2, 1).reshape(-1, len(places))
            result[image, g * per_out : (g + 1) * per_out] = algebra.matmul(kernel, columns)
    shaped = result.reshape(n, outs, *out_space)
    return shaped.transpose(np.argsort(numbers.out_spec))


def _clamp(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    low, x, high = (_lift(a, algebra) for a in inputs)
    return _map(lambda a, v, b: algebra.smallest([algebra.largest([a, v]), b]), [low, x, high])


def _polynomial(eqn: Any, inputs: list[Array], algebra: Algebra) -> Array:
    """``polynomial(x, a_0, ..., a_N) = sum_k a_k x^k`` (since JAX 0.12), by Horner's rule."""

    def horner(x: Scalar, *coefficients: Scalar) -> Scalar:
        total = coefficients[-1]
        for a in reversed(coefficients[:-1]):
            total = algebra.add_all([a, algebra.multiply_all([x, total])])
        return total

    return _map(horner, [_lift(a, algebra) for a in inputs])


REDUCTIONS: dict[str, Callable[[Any, list[Array], Algebra], Array]] = {
    "clamp": _clamp,
    "conv_general_dilated": _convolution,
    "cummax": _running(lambda a: a.largest),
    "cummin": _running(lambda a: a.smallest),
    "cumprod": _running(lambda a: a.multiply_all),
    "cumsum": _running(lambda a: a.add_all),
    "dot_general": _dot_general,
    "polynomial": _polynomial,
    "reduce_max": _reducer(lambda a: a.largest),
    "reduce_min": _reducer(lambda a: a.smallest),
    "reduce_prod": _reducer(lambda a: a.multiply_all),
    "reduce_sum": _reducer(lambda a: a.add_all),
    "reduce_window_max": _reduce_window(lambda a: a.largest, -math.inf),
    "reduce_window_min": _reduce_window(lambda a: a.smallest, math.inf),
    "reduce_window_sum": _reduce_window(lambda a: a.add_all, 0.0),
}

# Integers and truth values: NumPy's functions of the same meaning, so that nothing is compiled for an index.
NUMPY: dict[str, Callable[..., Any]] = {
    "add": np.add,
    "and": np.bitwise_and,
    "eq": np.equal,
    "ge": np.greater_equal,
    "gt": np.greater,
    "le": np.less_equal,
    "lt": np.less,
    "max": np.maximum,
    "min": np.minimum,
    "mul": np.multiply,
    "ne": np.not_equal,
    "not": np.invert,
    "or": np.bitwise_or,
    "neg": np.negative,
    "sub": np.subtract,
}
