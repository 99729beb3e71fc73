"""Whether the cost is convex depends on the details of the network: which layers are trained, their units, the loss.

One matrix of all three. The rule behind it: a loss convex in the output makes the cost convex in one layer if that is
the last, or if all units are linear; and never in two layers together.
"""

import jax
import jax.numpy as jnp

from netprops import HOLDS, Table, claim, is_convex
from netprops.objects.losses import loss
from netprops.objects.networks import Network, identity

CLAIM = claim("convexity-depends-on-the-network", source=("D1.A3", "D1.Q.c2"), verdict=HOLDS)

NETWORKS = {
    "one layer": Network((1, 2)),
    "linear units": Network((1, 2, 2), identity),
    "linear units, twice": Network((1, 2, 2, 2), identity),
    "tanh units": Network((1, 2, 2), jnp.tanh),
    "tanh units, twice": Network((1, 2, 2, 2), jnp.tanh),
    "sigmoid units": Network((1, 2, 2), jax.nn.sigmoid),
    "relu units": Network((1, 2, 2), jax.nn.relu),
}
LOSSES = "squared", "log loss of a logit", "softmax cross-entropy", "Cauchy"
MATRIX = Table(
    "Is the cost convex in the trained layers, whatever the data and the other layers?", ("network", "trained"), "loss"
)


def blocks(net):
    """What may be trained: each layer alone, and all."""
    layers = {"all": tuple(range(net.depth))}
    return layers if net.depth == 1 else {f"layer {k + 1}": (k,) for k in range(net.depth)} | layers


def is_expected(net, trained, loss_of):
    last_or_linear = trained == (net.depth - 1,) or net.hidden is identity
    return loss_of.convex and len(trained) == 1 and last_or_linear


@CLAIM
def test_every_cell_is_decided():
    cells = {}
    for name, net in NETWORKS.items():
        for block, trained in blocks(net).items():
            for column in LOSSES:
                part = Network(net.widths, net.hidden, loss=loss(column)).split(*trained)
                rest = part.others, *part.network.domain(rows=1)[1:]
                verdict = is_convex(lambda p, q, part=part: part.cost(p, *q), on=part.domain, for_all=rest)
                answer = bool(MATRIX.note(verdict, row=(name, block), column=column))
                assert answer == is_expected(net, trained, loss(column)), (name, block, column)
                cells[name, block, column] = answer
    assert len(cells) >= 40
    assert all(depends_on(cells, dimension) for dimension in range(3))


def depends_on(cells, dimension):
    """Whether two cells that differ in this dimension alone have different answers."""
    lines = {}
    for place, answer in cells.items():
        lines.setdefault(place[:dimension] + place[dimension + 1 :], set()).add(answer)
    return {True, False} in lines.values()
