"""The hidden layers of a network, found in its program: their units, what these compute, and the layer behind them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import jax.numpy as jnp
import numpy as np

from netprops.networks.models import Array, Arrays, Model
from netprops.readings.jaxpr import trace
from netprops.readings.units import Family, Use, Wiring, families, uses, wiring

Site: TypeAlias = tuple[str, int]  # a parameter, and the axis that counts the units
Move: TypeAlias = Callable[[Array, int], Array]  # of an array along an axis

ROWS = 2  # of the program that is looked at
_MOST_SUBSETS = 6  # arrays of which all subsets are tried
_POINTS = 4
_CLOSE = 1e-9  # floats only choose which question to ask


@dataclass(frozen=True, eq=False)
class HiddenLayer:
    """The units of one hidden layer.

    Attributes:
        name: what messages call it: its incoming weights.
        units: how many.
        incoming, outgoing: the parameters that count them; those in both are tied.
        told_apart: the step that treats units by their places; empty if none does.
        read_elsewhere: a step that uses their values besides the outgoing weights; empty if none does.
        activation: z -> h, from the values that carry all that parameters and inputs matter to the units, to what the
            outgoing weights are applied to; None where these are the same, as in a linear layer.
        before, axis: z as a function of the parameters and the inputs, and the axis that counts the units in it.
    """

    name: str
    units: int
    incoming: tuple[Site, ...]
    outgoing: tuple[Site, ...]
    told_apart: str
    read_elsewhere: str
    activation: Callable[[Array], Array] | None
    shape: tuple[int, ...]  # of z
    before: Callable[[Arrays, Array], Array]
    axis: int

    @property
    def tied(self) -> tuple[str, ...]:
        """Parameters that are incoming and outgoing weights at once."""
        return tuple(name for name, axis in self.incoming if (name, axis) in self.outgoing)


@dataclass(frozen=True)
class Anatomy:
    """A network's layers.

    Attributes:
        hidden: its hidden layers, input side first.
        layers: the parameters of each layer of weights: these and their biases.
        last: the parameters of the last layer, of which all before it is independent; empty if there is none such.
        tied: the parameters that the last layer shares with earlier ones.
        unplaced: the parameters that the outputs depend on and that are in none of these layers.
        is_deep: whether some layer of weights is applied to what depends on other parameters.
    """

    hidden: tuple[HiddenLayer, ...]
    layers: tuple[tuple[str, ...], ...]
    last: tuple[str, ...]
    tied: tuple[str, ...]
    unplaced: tuple[str, ...]
    is_deep: bool


def anatomy(model: Model) -> Anatomy:
    """The layers of a network.

    Raises:
        NotAFunctionError, UnsupportedError: as `netprops.readings.jaxpr.trace`.
    """
    wired = wiring(trace(lambda arrays, x: model(arrays, x), model.domain, model.inputs(ROWS)))
    names = [each.name for each in model.parameters]
    inputs = len(names)
    found = families(wired, [inputs])
    weights = [use for use in uses(wired) if use.argument != inputs]
    hidden = [_hidden(wired, names, family, _readers(wired, family, weights)) for family in found if _is_hidden(family)]
    last = max(weights, key=lambda use: use.node, default=None)
    layers = _layers(wired, names, weights)
    placed = set(itertools.chain.from_iterable(layers))
    return Anatomy(
        tuple(layer for layer in hidden if layer is not None),
        layers,
        () if last is None else _behind(wired, names, last.data),
        () if last is None or not wired.depends(last.data, last.argument) else (names[last.argument],),
        tuple(name for name in _behind(wired, names) if name not in placed),
        any(wired.sources[use.data] & ((1 << inputs) - 1) for use in weights),
    )


def _is_hidden(family: Family) -> bool:
    """Whether units are counted; where a step tells them apart, their outgoing weights may be of another family."""
    apart = bool(family.told_apart) and family.size > 1
    return not family.at_the_ends and bool(family.having("in")) and (bool(family.having("out")) or apart)


def _readers(wired: Wiring, family: Family, weights: Sequence[Use]) -> list[Use]:
    """The products with outgoing weights of the units."""
    outgoing = {argument for argument, _ in family.having("out")}
    own = family.number
    return [
        use
        for use in weights
        if use.argument in outgoing
        and own in _families_of(wired, use.data)
        and own not in _families_of(wired, wired.nodes[use.node].outputs[0])
    ]


def _families_of(wired: Wiring, value: int) -> set[int]:
    return {wired.families[value, axis] for axis in range(len(wired.shapes[value]))}


def _hidden(wired: Wiring, names: Sequence[str], family: Family, readers: Sequence[Use]) -> HiddenLayer | None:
    incoming = tuple((names[k], axis) for k, axis in family.having("in"))
    outgoing = tuple((names[k], axis) for k, axis in family.having("out"))
    name = _widest(wired, names, [k for k, _ in family.having("in")])
    if family.told_apart:
        return HiddenLayer(name, family.size, incoming, outgoing, family.told_apart, "", None, (), _nothing, 0)
    if not readers:
        return None
    h = readers[0].data
    z = wired.gate(h)
    arguments = list(range(len(names) + 1))
    run, activation = wired.part(arguments, [z]), wired.part([z], [h])
    return HiddenLayer(
        name,
        family.size,
        incoming,
        outgoing,
        "",
        _other_reader(wired, h, readers),
        None if z == h else lambda value: activation(value)[0],
        wired.shapes[z],
        lambda arrays, x: run(*(arrays[name] for name in names), x)[0],
        next((a for a in range(len(wired.shapes[z])) if wired.families[z, a] == family.number), -1),
    )


def _nothing(arrays: Arrays, inputs: Array) -> Array:
    raise AssertionError("units that are told apart have no values that could be moved")


def _widest(wired: Wiring, names: Sequence[str], arguments: Sequence[int]) -> str:
    """The name of the weights among some parameters."""
    return names[max(arguments, key=lambda k: (len(wired.shapes[k]), -k))]


def _other_reader(wired: Wiring, h: int, readers: Sequence[Use]) -> str:
    """The first step that uses the units' values, moved at most, besides the products of the readers."""
    if len({use.data for use in readers}) > 1:
        other = next(use for use in readers if use.data != h)
        return wired.nodes[other.node].where
    own = {use.node for use in readers}
    for number, node in enumerate(wired.nodes):
        if h in node.inputs and number not in own:
            return node.where
    return "the outputs" if h in wired.outputs else ""


def _layers(wired: Wiring, names: Sequence[str], weights: Sequence[Use]) -> tuple[tuple[str, ...], ...]:
    """Weights applied to values that depend on the same parameters, and all that enters before the next such values.

    In a chain of layers: weights and biases of each.  Where layers are no chain, each array of weights by itself.
    """
    everything = (1 << len(names)) - 1
    outputs = 0
    for out in wired.outputs:
        outputs |= wired.sources[out] & everything
    stages = sorted({wired.sources[use.data] & everything for use in weights} | {outputs}, key=int.bit_count)
    if any(a & ~b for a, b in itertools.pairwise(stages)):
        return tuple((names[k],) for k in dict.fromkeys(use.argument for use in weights))
    layers = (tuple(name for k, name in enumerate(names) if (b & ~a) >> k & 1) for a, b in itertools.pairwise(stages))
    return tuple(layers)


def _behind(wired: Wiring, names: Sequence[str], value: int | None = None) -> tuple[str, ...]:
    """The parameters that the outputs depend on, but a value (if there is one) does not."""
    used = [k for k in range(len(names)) if any(wired.depends(out, k) for out in wired.outputs)]
    return tuple(names[k] for k in used if value is None or not wired.depends(value, k))


# ---------------------------------------------------------------- moving parameters


def moved(arrays: Arrays, sites: Sequence[Site], move: Move) -> dict[str, Array]:
    """The arrays, some of them moved along their axes."""
    out = dict(arrays)
    for name, axis in sites:
        out[name] = move(out[name], axis)
    return out


def reordered(order: Sequence[int]) -> Move:
    """Entry ``order[i]`` to place i."""
    return lambda array, axis: jnp.take(array, np.array(order), axis=axis)


def times(factors: Array) -> Move:
    """Entry i multiplied by ``factors[i]``."""
    return lambda array, axis: array * _spread(factors, array.ndim, axis)


def over(factors: Array) -> Move:
    """Entry i divided by ``factors[i]``."""
    return lambda array, axis: array / _spread(factors, array.ndim, axis)


def through(matrix: Array) -> Move:
    """Entries read in other coordinates, h -> h A."""
    return lambda array, axis: jnp.moveaxis(jnp.moveaxis(array, axis, -1) @ matrix, -1, axis)


def shear(n: int, t: Array) -> tuple[Array, Array]:
    """I + t E, where E adds the first coordinate to the last, and its inverse."""
    E = np.zeros((n, n))
    E[0, n - 1] = 1.0
    return np.eye(n) + t * E, np.eye(n) - t * E


def _spread(factors: Array, rank: int, axis: int) -> Array:
    return jnp.reshape(factors, tuple(-1 if k == axis else 1 for k in range(rank)))


def sites_that_move(layer: HiddenLayer, model: Model, move: Move) -> tuple[Site, ...] | None:
    """The fewest incoming arrays whose move is that of the pre-activations, as far as floats can tell; None if none.

    Each of (W, b) of a plain layer; the scale and the shift of a normalised one.  It is a guess: what is claimed of the
    network is asked of the network.
    """
    rng, points = np.random.default_rng(0), []
    for _ in range(_POINTS):
        arrays = {each.name: jnp.asarray(rng.normal(size=each.shape)) for each in model.parameters}
        points.append((arrays, jnp.asarray(rng.normal(size=(ROWS, *model.row)))))
    aims = [move(layer.before(*point), layer.axis) for point in points]
    for size in range(1, min(len(layer.incoming), _MOST_SUBSETS) + 1):
        for chosen in itertools.combinations(layer.incoming, size):
            if all(
                np.allclose(layer.before(moved(arrays, chosen, move), inputs), aim, rtol=_CLOSE, atol=_CLOSE)
                for (arrays, inputs), aim in zip(points, aims, strict=True)
            ):
                return chosen
    return None
