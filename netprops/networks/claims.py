"""The claims about networks that can be asked of somebody's own: what each supposes, and which question it is.

A row asks whether its hypotheses hold of the network, by the same questions, and says where they do not.  `claim` is
the claim's id in the book's catalogue, where it has one.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from netprops.domains import Box, positive, reals
from netprops.evidence import Kind, Verdict
from netprops.networks.anatomy import (
    ROWS,
    Anatomy,
    HiddenLayer,
    Move,
    Site,
    moved,
    over,
    reordered,
    shear,
    sites_that_move,
    through,
    times,
)
from netprops.networks.models import DATA, Array, Arrays, Model
from netprops.questions.equality import are_equal
from netprops.questions.gradients import gradients_agree, is_gradient_of
from netprops.questions.shape import is_affine, is_convex, is_strictly_convex

Question: TypeAlias = Callable[..., Verdict]
Outcome: TypeAlias = Literal["holds", "fails", "undecided", "does not apply"]


# What stands beside the parameters in questions; no attribute or key of a module is called so, but for data.
INPUTS, TARGETS = DATA
FACTORS, NUMBER, SHIFT = "factors t", "number t", "shift d"
NOTHING: Mapping[str, Box] = {}


@dataclass(frozen=True, eq=False)
class Finding:
    """What was found of one claim, at one place of a network.

    Attributes:
        claim: the row's name.
        where: the hidden layer that it is about, by its incoming weights; empty if it is about the whole.
        outcome: whether it holds, fails, is undecided, or does not apply because a hypothesis is not met.
        because: the proof, the witness in words, what was tried, or the hypothesis that is not met and why.
        evidence: the kind of evidence for that; None for what is undecided or read off the shapes.
        verdict: the answer behind it, if a question was asked.
    """

    claim: str
    where: str
    outcome: Outcome
    because: str
    evidence: Kind | None = None
    verdict: Verdict | None = None

    def record(self) -> dict[str, object]:
        """The finding as a JSON object."""
        witness = None if self.verdict is None or self.verdict.witness is None else dict(self.verdict.witness)
        told = {"claim": self.claim, "where": self.where, "outcome": self.outcome, "evidence": self.evidence}
        return {**told, "because": self.because, "witness": witness}


@dataclass(frozen=True, eq=False)
class Setting:
    """A network, what it costs, and the data that this is about.

    Where `inputs` or `targets` is a domain, every value of it is meant; an array is data as they are.
    """

    model: Model
    anatomy: Anatomy
    loss: Callable[[Array, Array], Array]
    inputs: Any
    targets: Any

    @property
    def rows(self) -> Box:
        """All inputs, of as many rows as there are, at most two: for statements about the network alone."""
        return self.model.inputs(min(self.inputs.shape[0], 2))

    @property
    def data(self) -> dict[str, Box]:
        """The domains of what is quantified among inputs and targets."""
        given = {INPUTS: self.inputs, TARGETS: self.targets}
        return {name: each for name, each in given.items() if isinstance(each, Box)}

    def cost(self, values: Arrays) -> Array:
        """The mean loss, a scalar, of the parameters and the quantified data by their names."""
        x, y = (values.get(name, given) for name, given in ((INPUTS, self.inputs), (TARGETS, self.targets)))
        return jnp.mean(self.loss(self.model(values, jnp.asarray(x)), jnp.asarray(y)))

    def others(self, chosen: Sequence[str]) -> dict[str, Box]:
        """The domain of all parameters but some."""
        return {name: leaf for name, leaf in self.model.domain.items() if name not in chosen}

    def ask_of_cost(self, question: Question, chosen: Sequence[str]) -> Verdict:
        """A question about the cost in some parameters, whatever all else is."""
        domain = self.model.domain
        rest = {**self.others(chosen), **self.data}
        return question(_joined(self.cost), {name: domain[name] for name in chosen}, rest or None)

    def ask_of_outputs(self, question: Question, chosen: Sequence[str]) -> Verdict:
        """A question about the outputs in some parameters, whatever the others and the inputs are."""
        domain = self.model.domain
        rest = {**self.others(chosen), INPUTS: self.rows}
        return question(_joined(self.outputs), {name: domain[name] for name in chosen}, rest)

    def ask_of_loss(self, question: Question) -> Verdict:
        """A question about the mean loss in the outputs, for every target that is meant."""
        outputs = {"outputs": reals(self.model.outputs(self.inputs.shape[0]))}
        targets = {name: leaf for name, leaf in self.data.items() if name == TARGETS}

        def loss(values: Arrays) -> Array:
            return jnp.mean(self.loss(values["outputs"], jnp.asarray(values.get(TARGETS, self.targets))))

        return question(_joined(loss), outputs, targets or None)

    def outputs(self, values: Arrays) -> Array:
        """The outputs for the inputs among the values."""
        return self.model(values, values[INPUTS])

    def compare(self, other: Callable[[Arrays], Array], more: Mapping[str, Box] = NOTHING) -> Verdict:
        """Whether the outputs are those of another function of parameters, inputs and more: for all of them."""
        return are_equal(self.outputs, other, {**self.model.domain, INPUTS: self.rows, **more})


def _joined(f: Callable[[Arrays], Array]) -> Callable[..., Array]:
    """A function of named values as one of two parts of them."""
    return lambda ours, rest=None: f({**ours, **(rest or {})})


Ask: TypeAlias = Callable[[Setting], Iterator[Finding]]


@dataclass(frozen=True)
class NetworkClaim:
    """One claim: its name, the sentence, its id in the catalogue (or empty), and how it is asked."""

    name: str
    statement: str
    claim: str
    ask: Ask


# ---------------------------------------------------------------- findings


def _of(claim: str, where: str, verdict: Verdict, *, wanted: str = "yes") -> Finding:
    """What a verdict comes to, where the claim is that the answer is `wanted`."""
    if verdict.answer == "undecided":
        return Finding(claim, where, "undecided", verdict.because, None, verdict)
    outcome: Outcome = "holds" if verdict.answer == wanted else "fails"
    return Finding(claim, where, outcome, verdict.because, verdict.evidence, verdict)


def _not_met(claim: str, where: str, words: str, verdict: Verdict) -> Finding:
    """A hypothesis that is not shown to be met."""
    if verdict.answer == "undecided":
        open_words = f"it is not decided whether {words}: {verdict.because}"
        return Finding(claim, where, "undecided", open_words, None, verdict)
    return Finding(claim, where, "does not apply", f"not so: {words}; {verdict.because}", verdict.evidence, verdict)


def _no(claim: str, where: str, words: str) -> Finding:
    return Finding(claim, where, "does not apply", words)


# ---------------------------------------------------------------- a function at all

FUNCTION = "one function"


def _is_one_function(setting: Setting) -> Iterator[Finding]:
    model = setting.model
    if not model.draws:
        yield Finding(FUNCTION, "", "holds", "no step of its program draws random numbers", "proved")
        return
    verdict = setting.compare(lambda p: model.run(p, p[INPUTS], 1))
    found = _of(FUNCTION, "", verdict)
    if found.outcome == "fails":
        words = (
            "it draws random numbers, and two random keys make two functions of it (dropout left on? Equinox: "
            f"inference=True; Flax Linen: deterministic=True; Flax NNX: network.eval()): {verdict.because}"
        )
        found = Finding(FUNCTION, "", "fails", words, verdict.evidence, verdict)
    yield found


# ---------------------------------------------------------------- symmetries


def _layers_to_move(claim: str, setting: Setting) -> Iterator[tuple[HiddenLayer, Finding | None]]:
    """The hidden layers, each with the reason why its units are none that can be moved, if there is one."""
    if not setting.anatomy.hidden:
        reason = "no axis of its parameters counts hidden units: each ends at the inputs or the outputs"
        yield _NOWHERE, _no(claim, "", reason)
    for layer in setting.anatomy.hidden:
        if layer.told_apart:
            yield layer, _no(claim, layer.name, f"its units are told apart by their places: {layer.told_apart}")
        else:
            yield layer, None


_NOWHERE = HiddenLayer("", 0, (), (), "", "", None, (), lambda arrays, x: x, 0)


def _unchanged(setting: Setting, move: Callable[[Arrays], Arrays]) -> Verdict:
    """Whether the network's outputs are those at the moved parameters."""
    return setting.compare(lambda p: setting.outputs(move(p)))


def _permutations(setting: Setting) -> Iterator[Finding]:
    claim = "permutation symmetry"
    for layer, reason in _layers_to_move(claim, setting):
        if reason is not None or layer.units < 2:
            yield reason or _no(claim, layer.name, "it has one unit, and nothing to permute")
            continue
        sites = tuple(dict.fromkeys((*layer.incoming, *layer.outgoing)))
        moves = _generators(layer.units)
        asked = {words: _unchanged(setting, _moving(sites, reordered(order))) for words, order in moves.items()}
        worst = min(asked, key=lambda words: ("no", "undecided", "yes").index(asked[words].answer))
        holds = asked[worst].answer == "yes"
        yield _symmetry(claim, layer, asked[worst], " and ".join(asked) if holds else worst)


def _symmetry(claim: str, layer: HiddenLayer, verdict: Verdict, what: str) -> Finding:
    """What an answer about a move of a layer's units comes to, in words."""
    found = _of(claim, layer.name, verdict)
    changes = {"holds": "leaves all outputs", "fails": "changes outputs f(x) to g(x)"}.get(found.outcome)
    return found if changes is None else replace(found, because=f"{what} {changes}: {verdict.because}")


def _generators(n: int) -> dict[str, tuple[int, ...]]:
    """A swap and a cycle, of which all permutations are made."""
    swap = {"swapping two units": (1, 0, *range(2, n))}
    return swap if n == 2 else {**swap, "moving all units on by one": (*range(1, n), 0)}


def _moving(sites: Sequence[Site], move: Move) -> Callable[[Arrays], Arrays]:
    return lambda arrays: moved(arrays, sites, move)


def _scalable(
    claim: str, setting: Setting, move: Callable[[int], Move], words: str
) -> Iterator[tuple[HiddenLayer, tuple[Site, ...], Finding | None]]:
    """The hidden layers with the incoming arrays whose move moves the pre-activations, or why there is none."""
    for layer, reason in _layers_to_move(claim, setting):
        if reason is None and layer.read_elsewhere:
            used = f"its units' values are used besides the outgoing weights, by {layer.read_elsewhere}"
            reason = _no(claim, layer.name, used)
        sites = () if reason is not None else sites_that_move(layer, setting.model, move(layer.units))
        if sites is None:
            reason, sites = _no(claim, layer.name, f"its pre-activations {words} with no incoming parameters"), ()
        if reason is None:
            moves = _moves(setting, layer, sites, move(layer.units))
            what = f"its pre-activations {words} with {', '.join(name for name, _ in sites)}"
            reason = None if moves.answer == "yes" else _not_met(claim, layer.name, what, moves)
        yield layer, sites, reason


def _moves(setting: Setting, layer: HiddenLayer, sites: Sequence[Site], move: Move) -> Verdict:
    """Whether the pre-activations of a layer move as these parameters do."""
    on = {**setting.model.domain, INPUTS: setting.model.inputs(ROWS)}
    return are_equal(
        lambda v: layer.before(moved(v, sites, move), v[INPUTS]),
        lambda v: move(layer.before(v, v[INPUTS]), layer.axis),
        on,
    )


def _sign_flips(setting: Setting) -> Iterator[Finding]:
    claim = "sign-flip symmetry"
    for layer, sites, reason in _scalable(claim, setting, lambda n: times(_one_minus(n, 0)), "change their signs"):
        if reason is not None:
            yield reason
            continue
        f = layer.activation
        if f is not None:
            odd = are_equal(lambda v, f=f: f(-v["z"]), lambda v, f=f: -f(v["z"]), {"z": reals(layer.shape)})
            if odd.answer != "yes":
                yield _not_met(claim, layer.name, "its activation is odd", odd)
                continue
        verdicts = []
        for unit in range(layer.units):
            flip = times(_one_minus(layer.units, unit))
            verdicts.append(_unchanged(setting, _moving(tuple(dict.fromkeys((*sites, *layer.outgoing))), flip)))
            if verdicts[-1].answer != "yes":
                break
        yield _symmetry(claim, layer, verdicts[-1], "changing the signs of any unit's incoming and outgoing weights")


def _one_minus(n: int, unit: int) -> Any:
    return np.where(np.arange(n) == unit, -1.0, 1.0)


def _rescalings(setting: Setting) -> Iterator[Finding]:
    claim = "rescaling symmetry"
    for layer, sites, reason in _scalable(claim, setting, lambda n: times(np.arange(2.0, n + 2)), "scale"):
        if reason is None and layer.tied:
            reason = _no(claim, layer.name, f"{', '.join(layer.tied)}: its incoming weights are its outgoing ones")
        if reason is not None:
            yield reason
            continue
        f = layer.activation
        if f is not None:
            on = {"t": positive(), "z": reals(layer.shape)}
            homogeneous = are_equal(lambda v, f=f: f(v["t"] * v["z"]), lambda v, f=f: v["t"] * f(v["z"]), on)
            if homogeneous.answer != "yes":
                yield _not_met(claim, layer.name, "its activation is positively homogeneous", homogeneous)
                continue
        yield _symmetry(claim, layer, _rescaled(setting, layer, sites), "multiplying and dividing by any factors > 0")


def _rescaled(setting: Setting, layer: HiddenLayer, sites: Sequence[Site]) -> Verdict:
    """Whether the outputs stay for every vector of positive factors."""

    def scaled(p: Arrays) -> Array:
        t = p[FACTORS]
        return setting.outputs(moved(moved(p, sites, times(t)), layer.outgoing, over(t)))

    return setting.compare(scaled, {FACTORS: positive(layer.units)})


def _linear_changes(setting: Setting) -> Iterator[Finding]:
    claim = "GL symmetry of a linear layer"
    for layer, sites, reason in _scalable(claim, setting, _sheared, "mix"):
        if reason is None and layer.tied:
            reason = _no(claim, layer.name, f"{', '.join(layer.tied)}: its incoming weights are its outgoing ones")
        if reason is None and layer.units < 2:
            reason = _no(claim, layer.name, "it has one unit, which can only be rescaled")
        if reason is not None:
            yield reason
            continue
        f = layer.activation
        if f is not None:
            linear = _mixes(f, layer)
            if linear.answer != "yes":
                yield _not_met(claim, layer.name, "its activation is linear, and one for all units", linear)
                continue
        yield _symmetry(claim, layer, _mixed(setting, layer, sites), "reading its units in other coordinates")


def _mixes(f: Callable[[Array], Array], layer: HiddenLayer) -> Verdict:
    """Whether an activation of mixed values is the same mixture of its values."""

    def mixed(z: Array, t: Array) -> Array:
        return through(shear(layer.units, t)[0])(z, layer.axis)

    on = {"t": reals(), "z": reals(layer.shape)}
    return are_equal(lambda v: f(mixed(v["z"], v["t"])), lambda v: mixed(f(v["z"]), v["t"]), on)


def _sheared(n: int) -> Move:
    return through(shear(n, 2.0)[0]) if n > 1 else times(np.array([2.0]))


def _mixed(setting: Setting, layer: HiddenLayer, sites: Sequence[Site]) -> Verdict:
    """Whether the outputs stay when unit 0 is added t times to another, and taken out behind, for every t."""

    def changed(p: Arrays) -> Array:
        first, back = shear(layer.units, p[NUMBER])
        return setting.outputs(moved(moved(p, sites, through(first)), layer.outgoing, through(back.T)))

    return setting.compare(changed, {NUMBER: reals()})


# ---------------------------------------------------------------- convexity


def _last_layer(setting: Setting) -> Iterator[Finding]:
    claim, last = "last layer convex", setting.anatomy.last
    if not setting.anatomy.layers:
        yield _no(claim, "", "no parameters are multiplied by what depends on the inputs or on other parameters")
        return
    if setting.anatomy.tied:
        shared = ", ".join(setting.anatomy.tied)
        yield _no(claim, shared, f"{shared}, the last layer's weights, are used before it as well (tied weights)")
        return
    where = ", ".join(last)
    verdict = setting.ask_of_cost(is_convex, last)
    if verdict.answer == "no":
        reason = _unmet(claim, where, setting, last)
        if reason is not None:
            yield reason
            return
    yield _of(claim, where, verdict)


def _unmet(claim: str, where: str, setting: Setting, layer: Sequence[str]) -> Finding | None:
    """Of a layer in which the cost is not convex: the hypothesis that is not met, if there is one."""
    affine = setting.ask_of_outputs(is_affine, layer)
    if affine.answer != "yes":
        return _not_met(claim, where, "the outputs are affine in it", affine)
    convex = setting.ask_of_loss(is_convex)
    return None if convex.answer == "yes" else _not_met(claim, where, "the loss is convex in the outputs", convex)


def _each_layer(setting: Setting) -> Iterator[Finding]:
    claim = "each layer convex"
    if not setting.anatomy.is_deep:
        yield _no(claim, "", _shallow(setting))
        return
    if setting.anatomy.unplaced:
        yield _no(claim, "", f"{', '.join(setting.anatomy.unplaced)}: in no layer of weights that was found")
        return
    for layer in setting.anatomy.layers:
        affine = setting.ask_of_outputs(is_affine, layer)
        if affine.answer != "yes":
            yield _not_met(claim, "", f"the network is linear: its outputs are affine in {', '.join(layer)}", affine)
            return
    for layer in setting.anatomy.layers:
        where, verdict = ", ".join(layer), setting.ask_of_cost(is_convex, layer)
        reason = _unmet(claim, where, setting, layer) if verdict.answer == "no" else None
        yield reason or _of(claim, where, verdict)


def _shallow(setting: Setting) -> str:
    """That there is no hidden layer, in words."""
    unplaced = setting.anatomy.unplaced
    beside = f", as far as was found ({', '.join(unplaced)}: in no layer)" if unplaced else ""
    return f"no weights are applied to what depends on other parameters: it has no hidden layer{beside}"


def _jointly(setting: Setting) -> Iterator[Finding]:
    claim = "not convex in all parameters"
    if not setting.anatomy.is_deep:
        yield _no(claim, "", _shallow(setting))
        return
    yield _of(claim, "", setting.ask_of_cost(is_convex, setting.model.names), wanted="no")


def _one_layer(setting: Setting) -> Iterator[Finding]:
    claim, names = "convex with one layer", setting.model.names
    if setting.anatomy.is_deep:
        yield _no(claim, "", "it has a hidden layer")
        return
    verdict = setting.ask_of_cost(is_convex, names)
    reason = _unmet(claim, "", setting, names) if verdict.answer == "no" else None
    yield reason or _of(claim, "", verdict)


# ---------------------------------------------------------------- maxima, gradients


def _no_maxima(setting: Setting) -> Iterator[Finding]:
    claim = "no local maxima"
    bias = _output_bias(setting)
    if bias is None:
        words = "no parameters are added to the outputs as they are (an output bias), along which the cost would rise"
        yield _no(claim, "", words)
        return
    verdict = setting.ask_of_cost(is_strictly_convex, [bias])
    if verdict.answer != "yes":
        yield _not_met(claim, bias, f"the cost is strictly convex in {bias}", verdict)
        return
    words = f"strictly convex in {bias} through every point, whatever all else is: {verdict.because}"
    yield Finding(claim, bias, "holds", words, verdict.evidence, verdict)


def _output_bias(setting: Setting) -> str | None:
    """A parameter that the outputs are proved to be shifted by."""
    model = setting.model
    outputs = model.outputs(setting.rows.shape[0])
    for each in model.parameters:
        size = math.prod(each.shape)
        if each.name not in setting.anatomy.last or size not in (1, math.prod(outputs[1:])):
            continue
        shape = outputs[1:] if size > 1 else (1,) * len(outputs[1:])
        added = are_equal(
            lambda p, name=each.name: setting.outputs({**p, name: p[name] + p[SHIFT]}),
            lambda p, shape=shape: setting.outputs(p) + jnp.broadcast_to(p[SHIFT].reshape((1, *shape)), outputs),
            {**model.domain, INPUTS: setting.rows, SHIFT: reals(each.shape)},
        )
        if added.answer == "yes":
            return each.name
    return None


def _gradients(setting: Setting) -> Iterator[Finding]:
    claim, names = "gradient = back-propagation", setting.model.names

    def taken(question: Question) -> Question:
        return lambda cost, on, for_all: question(jax.grad(cost), cost, on, for_all)

    verdict = setting.ask_of_cost(taken(is_gradient_of), names)
    if verdict.answer == "undecided":
        sampled = setting.ask_of_cost(taken(functools.partial(gradients_agree, points=_points(setting.model))), names)
        verdict = verdict if sampled.answer == "undecided" else sampled
    yield _of(claim, "", verdict)


def _points(model: Model) -> int:
    """Fewer for many parameters: a gradient's enclosure takes a time that grows with their square."""
    return max(4, min(24, 2000 // sum(math.prod(each.shape) for each in model.parameters)))


# ---------------------------------------------------------------- the table

CLAIMS: tuple[NetworkClaim, ...] = (
    NetworkClaim(
        FUNCTION, "The network is one function of its parameters and inputs: it draws no random numbers.", "",
        _is_one_function,
    ),
    NetworkClaim(
        "permutation symmetry", "Permuting the units of a hidden layer changes no output.",
        "permuting-hidden-units-keeps-the-loss", _permutations,
    ),
    NetworkClaim(
        "sign-flip symmetry",
        "Where the activation is odd, the signs of a unit's incoming and outgoing weights can be changed together.",
        "n-factorial-copies", _sign_flips,
    ),
    NetworkClaim(
        "rescaling symmetry",
        "Where the activation is positively homogeneous, a unit's incoming weights can be multiplied by t > 0 and its "
        "outgoing ones divided by it.",
        "relu-rescaling-symmetry", _rescalings,
    ),
    NetworkClaim(
        "GL symmetry of a linear layer", "The units of a linear hidden layer can be read in other coordinates.",
        "linear-networks-gl-symmetry", _linear_changes,
    ),
    NetworkClaim(
        "last layer convex",
        "With all else fixed, the cost is convex in the last layer, if the loss is convex in the outputs.",
        "last-layer-convex", _last_layer,
    ),
    NetworkClaim(
        "each layer convex", "With all other layers fixed, a linear network's cost is convex in each layer.",
        "linear-network-convex-per-layer", _each_layer,
    ),
    NetworkClaim(
        "convex with one layer", "Without a hidden layer, the cost is convex in all parameters, if the loss is.",
        "convex-only-with-one-layer", _one_layer,
    ),
    NetworkClaim(
        "not convex in all parameters", "With a hidden layer, the cost is not convex in all parameters.",
        "network-cost-nonconvex", _jointly,
    ),
    NetworkClaim(
        "no local maxima", "The cost has no local maximum, where it is strictly convex in an output bias.",
        "network-has-local-maxima", _no_maxima,
    ),
    NetworkClaim(
        "gradient = back-propagation", "What automatic differentiation gives is the cost's gradient.",
        "backpropagation-is-the-gradient", _gradients,
    ),
)  # fmt: skip
