"""What a network is: its arrays, and a function that maps these and rows of inputs to rows of outputs.

==========================  ==========================================================================================
object with init and apply  Flax Linen's modules, Haiku's transformed functions: initialised on the inputs
pair (params, function)     ``function(params, inputs)``
callable with arrays in it  Equinox's and Flax NNX's modules, or any other registered pytree that is called with inputs
==========================  ==========================================================================================

Which of the usual ways to call it is the right one is found by trying them on shapes alone: with a batch or row by row,
with a random key or without.  Floating-point arrays are taken for real numbers, whatever their precision; everything
else in a network (functions, integers, keys) stays as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, reals
from netprops.readings.jaxpr import NotAFunctionError

Array: TypeAlias = Any
Arrays: TypeAlias = Mapping[str, Array]
Call: TypeAlias = Callable[[Any, Array, Any], Array]  # of the network's pytree, inputs and a random key

_ROWS = 7919  # of the inputs whose shapes are tried: no layer has this width
_KEYS = (0, 1)
DATA = ("inputs", "targets")  # what these are called beside the parameters


@dataclass(frozen=True)
class Parameter:
    """One floating-point array of a network: its path, and its shape."""

    name: str
    shape: tuple[int, ...]


@dataclass(frozen=True, eq=False)
class Model:
    """A network as a function of its arrays by name, and of inputs, row by row; arrays are in the order of their names.

    `key` is the number of one of two random keys that it may draw from.
    """

    parameters: tuple[Parameter, ...]
    kind: str  # how it is called, in words
    row: tuple[int, ...]  # the shape of one input
    draws: bool  # whether it draws random numbers
    run: Callable[[Arrays, Array, int], Array]

    def __call__(self, arrays: Arrays, inputs: Array) -> Array:
        """The outputs."""
        return self.run(arrays, inputs, 0)

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the arrays."""
        return tuple(each.name for each in self.parameters)

    @property
    def domain(self) -> dict[str, Box]:
        """All real values of the arrays."""
        return {each.name: reals(each.shape) for each in self.parameters}

    def inputs(self, rows: int) -> Box:
        """All inputs of so many rows."""
        return reals((rows, *self.row))

    def outputs(self, rows: int) -> tuple[int, ...]:
        """The shape of the outputs for so many rows."""
        shaped = {each.name: _doubles(each.shape) for each in self.parameters}
        inputs = _doubles((rows, *self.row))
        return tuple(jax.eval_shape(lambda arrays, x: self(arrays, x), shaped, inputs).shape)


def model_of(network: Any, row: Sequence[int], chosen: Callable[[str], bool] | None = None) -> Model:
    """A network as a function, for inputs of this shape each.

    Its parameters are the floating-point arrays with `chosen` names, by default all; where there are collections, and
    one is called params, as in Flax Linen, those of that one.  The others stay as they are, in double precision.

    Raises:
        NotAFunctionError: it is none of the things at the head of this module, it has no floating-point arrays, or no
            way to call it works; the message says what each of them raised.
    """
    tree, calls = _as_pytree(network, tuple(row))
    arrays = _Arrays.of(tree, chosen)
    kind, call = _working(calls, arrays, tuple(row), network)

    keys = tuple(map(jax.random.key, _KEYS))

    def run(values: Arrays, inputs: Array, key: int) -> Array:
        return call(arrays.filled(values, key), inputs, keys[key])

    def run_with_numbers_drawn_before(values: Arrays, inputs: Array, key: int) -> Array:
        with jax.ensure_compile_time_eval():  # what depends on nothing but the key becomes a constant
            return run(values, inputs, key)

    draws = _draws(run, arrays, tuple(row))
    return Model(arrays.parameters, kind, tuple(row), draws, run_with_numbers_drawn_before if draws else run)


# ---------------------------------------------------------------- the ways to call it


def _as_pytree(network: Any, row: tuple[int, ...]) -> tuple[Any, dict[str, Call]]:
    """The network's arrays in a pytree, and the ways to call it that are worth a try, by their names."""
    if callable(getattr(network, "init", None)) and callable(getattr(network, "apply", None)):
        return _initialised(network, row), {
            "apply(params, x)": lambda p, x, key: network.apply(p, x),
            'apply(params, x, rngs={"dropout": key})': lambda p, x, key: network.apply(p, x, rngs={"dropout": key}),
            "apply(params, key, x)": lambda p, x, key: network.apply(p, key, x),
        }
    if isinstance(network, tuple) and len(network) == 2 and callable(network[1]):
        params, function = network
        return params, {
            "function(params, x)": lambda p, x, key: function(p, x),
            "function(params, row), row by row": lambda p, x, key: jax.vmap(lambda r: function(p, r))(x),
            "function(params, x, key=key)": lambda p, x, key: function(p, x, key=key),
        }
    if callable(network) and not jax.tree_util.all_leaves([network]):
        return network, {
            "network(x)": lambda net, x, key: net(x),
            "network(row), row by row": lambda net, x, key: jax.vmap(net)(x),
            "network(x, key=key)": lambda net, x, key: net(x, key=key),
            "network(row, key=key), row by row": _by_rows_with_keys,
        }
    raise NotAFunctionError(
        "a network is an object with init and apply (Flax Linen, Haiku), a pair (params, function), or a callable "
        "whose arrays are leaves of a registered pytree (Equinox, Flax NNX); got "
        f"{type(network).__name__} {network!r:.200}"
    )


def _by_rows_with_keys(net: Any, x: Array, key: Any) -> Array:
    return jax.vmap(lambda row, k: net(row, key=k))(x, jax.random.split(key, x.shape[0]))


def _initialised(network: Any, row: tuple[int, ...]) -> Any:
    """Parameters of an object with `init`, made for two rows of inputs.  Their shapes count, not their values."""
    rows, key = jnp.ones((2, *row)), jax.random.key(0)
    tried = []
    for given in (key, {"params": key, "dropout": key}):
        try:
            return network.init(given, rows)
        except Exception as error:  # whatever somebody's module raises
            tried.append(_told(error))
    raise NotAFunctionError(f"{type(network).__name__}.init does not take inputs of shape {row}: {'; '.join(tried)}")


def _working(calls: Mapping[str, Call], arrays: _Arrays, row: tuple[int, ...], network: Any) -> tuple[str, Call]:
    """The first way to call it that maps rows to as many rows."""
    inputs, tried = _doubles((_ROWS, *row)), []
    for kind, call in calls.items():
        try:
            out = jax.eval_shape(_on_key(call, arrays), arrays.shaped, inputs)
        except Exception as error:  # whatever somebody's module raises
            tried.append(f"{kind}: {_told(error)}")
            continue
        shape = getattr(out, "shape", None)
        if shape and shape[0] == _ROWS:
            return kind, call
        tried.append(f"{kind}: for {_ROWS} rows it returns {_shape_of(out)}")
    raise NotAFunctionError(
        f"{type(network).__name__} maps no rows of inputs of shape {row} to as many rows of outputs. Tried\n  "
        + "\n  ".join(tried)
    )


def _on_key(call: Call, arrays: _Arrays) -> Callable[[Arrays, Array], Array]:
    return lambda values, x: call(arrays.filled(values, 0), x, jax.random.key(0))


def _told(error: Exception) -> str:
    return f"{type(error).__name__}: {str(error).strip().splitlines()[0] if str(error).strip() else ''}"[:300]


def _shape_of(out: Any) -> str:
    return f"shape {tuple(out.shape)}" if hasattr(out, "shape") else f"a {type(out).__name__}"


# ---------------------------------------------------------------- its arrays


def _doubles(shape: tuple[int, ...]) -> Any:
    """The shape and type of an array of doubles."""
    return jax.ShapeDtypeStruct(shape, np.float64)  # type: ignore[no-untyped-call]  # of JAX


@dataclass(frozen=True, eq=False)
class _Arrays:
    """A pytree's floating-point arrays by name, and all that is needed to put others in their places."""

    parameters: tuple[Parameter, ...]  # in the order of their names
    places: tuple[int, ...]  # of these among the leaves
    leaves: tuple[tuple[Any, ...], ...]  # of the network with one random key and with another
    structure: Any

    @classmethod
    def of(cls, tree: Any, chosen: Callable[[str], bool] | None) -> _Arrays:
        """Raises `NotAFunctionError` where there are none."""
        with_paths, structure = jax.tree_util.tree_flatten_with_path(tree)
        floats = [k for k, (_, leaf) in enumerate(with_paths) if _is_floating(leaf)]
        names = _shortened([jax.tree_util.keystr(with_paths[k][0], simple=True, separator=".") for k in floats])
        collected = isinstance(tree, Mapping) and "params" in tree and chosen is None
        wanted = (lambda name: name.startswith("params.")) if collected else chosen or (lambda name: True)
        kept = [(k, name) for k, name in zip(floats, names, strict=True) if wanted(name)]
        if not kept:
            among = f" that are chosen, of {', '.join(names)}" if names else ""
            raise NotAFunctionError(
                f"{type(tree).__name__} has no floating-point arrays{among}: a network has parameters"
            )
        floats = [k for k, _ in kept]
        names = [name.removeprefix("params.") if collected else name for _, name in kept]
        order = sorted(range(len(floats)), key=names.__getitem__)
        parameters = tuple(Parameter(names[k], tuple(np.shape(with_paths[floats[k]][1]))) for k in order)
        leaves = tuple(tuple(_with_key(leaf, key) for _, leaf in with_paths) for key in _KEYS)
        return cls(parameters, tuple(floats[k] for k in order), leaves, structure)

    @property
    def shaped(self) -> dict[str, Any]:
        """Shapes of doubles for the arrays."""
        return {each.name: _doubles(each.shape) for each in self.parameters}

    def filled(self, values: Arrays, key: int) -> Any:
        """The pytree with these arrays; its random keys are other ones for another number."""
        leaves = list(self.leaves[key])
        for place, each in zip(self.places, self.parameters, strict=True):
            leaves[place] = values[each.name]
        return jax.tree_util.tree_unflatten(self.structure, leaves)


def _is_floating(leaf: Any) -> bool:
    return isinstance(leaf, np.ndarray | jax.Array) and jnp.issubdtype(leaf.dtype, np.floating)


def _with_key(leaf: Any, key: int) -> Any:
    """A leaf as it is, but for a random key, which is turned into another, and for floats, which become doubles."""
    if _is_floating(leaf):
        return np.asarray(leaf).astype(np.float64)
    is_key = isinstance(leaf, jax.Array) and jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key)
    return jax.random.fold_in(leaf, key) if is_key else leaf


def _shortened(paths: Sequence[str]) -> list[str]:
    """Paths without the last step that all of them have in Flax NNX."""
    names = [path or "it" for path in paths]
    if all(name.endswith(".value") for name in names):
        names = [name.removesuffix(".value") for name in names]
    # A name that is a number, or that of data, would be taken for something else in a witness.
    return [name if any(map(str.isalpha, name)) and name not in DATA else f"params.{name}" for name in names]


# ---------------------------------------------------------------- random numbers

_RANDOM = frozenset({"random_bits", "random_gamma_p", "rng_bit_generator", "rng_uniform", "threefry2x32"})


def _draws(run: Callable[[Arrays, Array, int], Array], arrays: _Arrays, row: tuple[int, ...]) -> bool:
    """Whether some equation draws random numbers."""
    inputs = _doubles((2, *row))
    closed = jax.make_jaxpr(lambda values, x: run(values, x, 0))(arrays.shaped, inputs)
    return any(name in _RANDOM for name in _primitives(closed.jaxpr))


def _primitives(jaxpr: Any) -> Iterator[str]:
    for eqn in jaxpr.eqns:
        yield eqn.primitive.name
        for value in eqn.params.values():
            for inner in value if isinstance(value, tuple | list) else (value,):
                nested = getattr(inner, "jaxpr", inner)
                if hasattr(nested, "eqns"):
                    yield from _primitives(nested)
