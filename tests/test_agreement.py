"""agree_in_floats on trial: equal functions pass on every machine at hand, and small lies do not."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from netprops import NotAFunctionError, UndecidedError, UnsupportedError, agree_in_floats, opaque, ordered_cone, reals
from netprops.evidence import Recorder, count_compilations, recording
from netprops.objects.losses import loss
from netprops.objects.networks import ACTIVATIONS, NETWORK_LOSSES, Network
from netprops.objects.symmetries import permutation

NET = Network((3, 4, 5, 2))
ON = NET.domain(rows=2)
MOVES = permutation((2, 0, 3, 1), (4, 0, 3, 2, 1))
DEVICE = pytest.mark.parametrize("device", [False, True], ids=["NumPy", "compiled"])


def moved(p, x, y):
    return NET.cost(MOVES(p), x, y)


@DEVICE
def test_a_permutation_agrees(device):
    verdict = agree_in_floats(NET.cost, moved, on=ON, device=device)
    assert verdict
    assert verdict.evidence == "sampled"
    assert verdict.because.startswith("at 256 points")
    assert verdict.evaluations == 512


@pytest.mark.parametrize("hidden", ACTIVATIONS, ids=lambda f: f.__name__)
def test_a_permutation_agrees_for_every_activation_and_loss(hidden):
    for name in NETWORK_LOSSES:
        net = replace(NET, hidden=hidden, loss=loss(name))
        assert agree_in_floats(net.cost, lambda p, x, y: net.cost(MOVES(p), x, y), on=net.domain(2), device=False)  # noqa: B023


@DEVICE
def test_one_weight_off_by_a_millionth_does_not(device):
    def off(p, x, y):
        (W, b), *rest = MOVES(p)
        return NET.cost(((W.at[0, 0].add(2.0**-20), b), *rest), x, y)

    verdict = agree_in_floats(NET.cost, off, on=ON, device=device)
    assert not verdict
    assert verdict.evidence == "certified"
    assert verdict.witness["gap"] > verdict.witness["bound"]


@DEVICE
def test_a_wrong_permutation_does_not(device):
    def half(p, x, y):
        (W, b), *rest = p
        return NET.cost(((W[:, np.array([1, 0, 2, 3])], b), *rest), x, y)

    assert agree_in_floats(NET.cost, half, on=ON, device=device).answer == "no"


@DEVICE
def test_single_precision_hidden_inside_is_seen(device):
    def short(p, x, y):
        *inner, (W, b) = MOVES(p)
        rounded = W.astype(jnp.float32).astype(jnp.float64)
        return NET.cost((*inner, (rounded, b)), x, y)

    verdict = agree_in_floats(NET.cost, short, on=ON, device=device)
    assert verdict.answer == "undecided"
    assert "float32" in verdict.because
    with pytest.raises(UndecidedError, match="equal functions by at most"):
        bool(verdict)


def test_a_machine_that_rounds_more_than_stated_is_undecided(monkeypatch):
    from netprops.readings import floats

    honest = floats.evaluate_batch
    monkeypatch.setattr(floats, "evaluate_batch", lambda p, xs, device: [y * (1 + 1e-6) for y in honest(p, xs)])
    assert agree_in_floats(NET.cost, moved, on=ON, points=64)  # both err alike
    calls = iter((1.0, 1 + 1e-6))
    monkeypatch.setattr(floats, "evaluate_batch", lambda p, xs, device: [y * next(calls) for y in honest(p, xs)])
    verdict = agree_in_floats(NET.cost, moved, on=ON, points=65)
    assert verdict.answer == "undecided"
    assert "balls certify no difference" in verdict.because


def test_equal_on_most_points_only_is_not_enough():
    verdict = agree_in_floats(lambda x: x, lambda x: x + jnp.where(x > 40, 1e-3, 0.0), on=reals())
    assert verdict.answer == "no"


def test_nothing_to_compare_is_undecided():
    assert agree_in_floats(lambda x: jnp.log(-1 - x**2), lambda x: jnp.log(-1 - x**2), on=reals()).answer == "undecided"


def test_sums_in_any_order_agree():
    order = np.random.default_rng(0).permutation(1000)
    assert agree_in_floats(lambda x: jnp.sum(x), lambda x: jnp.sum(x[order]), on=reals(1000), device=False)
    assert agree_in_floats(lambda x: jnp.cumsum(x)[-1], lambda x: jnp.sum(x), on=reals(50), device=False)


def test_ordered_arguments():
    on = ordered_cone(3)
    assert agree_in_floats(lambda x: jnp.sort(x)[0] + x[2], lambda x: x[0] + x[2], on=on, device=False)
    assert not agree_in_floats(lambda x: x[0], lambda x: x[1], on=on, device=False)


def test_permutations_of_one_network_are_compiled_once():
    net = Network((2, 3, 1), hidden=jnp.sin)
    recorder = Recorder("none")
    count_compilations()
    with recording(recorder), recorder.example():
        for order in ((0, 1, 2), (1, 0, 2), (1, 2, 0), (2, 1, 0)):
            turn = lambda p, x, y, order=order: net.cost(permutation(order)(p), x, y)  # noqa: E731
            assert agree_in_floats(net.cost, turn, on=net.domain(1))
    # The network, and one for all its permutations.
    assert recorder.compiles <= 2


def test_what_cannot_be_compared_is_refused():
    with pytest.raises(NotAFunctionError, match="one shape"):
        agree_in_floats(lambda x: x, lambda x: x[:1], on=reals(2))
    with pytest.raises(ValueError, match="one point or more"):
        agree_in_floats(lambda x: x, lambda x: x, on=reals(2), points=0)
    with pytest.raises(UnsupportedError, match="`lgamma`"):
        agree_in_floats(jax.lax.lgamma, jax.lax.lgamma, on=reals(2), device=False)
    with pytest.raises(UnsupportedError, match="'phi' stands for every"):
        agree_in_floats(opaque("phi"), opaque("phi"), on=reals(2))
