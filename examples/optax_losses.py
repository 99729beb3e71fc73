"""Which of optax's public losses are convex in the prediction: the table of docs/optax-losses.md.

    python examples/optax_losses.py > docs/optax-losses.md

Every public name of `optax.losses` has its rows in `ROWS` or its reason in `LEFT_OUT`; tests/test_optax_losses.py holds
that, so that a loss of a later release is not forgotten, and that the page says what the code says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import optax
import optax.losses as losses

from netprops import Verdict, box, is_convex, nonnegative, positive, reals
from netprops.domains import describe

CLASSES = 3


@dataclass(frozen=True)
class Row:
    """One question: is ``of(prediction, q)`` convex in the prediction, for every q of `for_all`?"""

    loss: str
    of: Callable[..., Any]
    on: Any
    for_all: Any = None
    varied: str = "predictions"
    meant: str = ""  # what q is, in words; what is not drawn from a domain

    def verdict(self) -> Verdict:
        """The answer, under the promotions that optax is written for."""
        with jax.numpy_dtype_promotion("standard"), jax.numpy_rank_promotion("allow"):
            return is_convex(self.of, self.on, self.for_all)


def every_class(loss: Callable[..., Any]) -> Callable[..., Any]:
    """The losses of one vector of scores for each integer label: every entry is meant."""
    return lambda scores: jnp.stack([loss(scores, jnp.asarray(k)) for k in range(CLASSES)])


def labels_first(loss: Callable[..., Any]) -> Callable[..., Any]:
    """The loss with all that depends on its (fixed) labels alone computed before it is traced.

    Flags for repeated labels and matching pairs are numbers 0 and 1 in single precision, or a truth value made of
    doubles: exact as JAX computes them, but nothing that a symbolic reading takes.
    """

    def traced(predictions: Any) -> Any:
        with jax.ensure_compile_time_eval():
            return loss(predictions)

    return traced


def sparsemax(scores: Any) -> Any:
    """optax's loss of batches, for one vector of scores and every label."""
    return every_class(lambda s, k: losses.multiclass_sparsemax_loss(s[None], k[None])[0])(scores)


def ctc(logits: Any) -> Any:
    """Two frames without padding, one label of two."""
    return losses.ctc_loss(logits, jnp.zeros((1, 2)), jnp.array([[1]]), jnp.zeros((1, 1)))


_R, _SCORES, _WEIGHTS = reals(), reals(CLASSES), nonnegative(CLASSES)
_ANY, _PROBABILITIES = "all targets", "targets in [0, 1]"
_LABEL = f"every label of {CLASSES}"
_TWO = reals(2)

ROWS: tuple[Row, ...] = (
    Row("squared_error", losses.squared_error, _R, _R, meant=_ANY),
    Row("l2_loss", losses.l2_loss, _R, _R, meant=_ANY),
    Row("huber_loss", losses.huber_loss, _R, _R, meant=_ANY),
    Row("log_cosh", losses.log_cosh, _R, _R, meant=_ANY),
    Row("hinge_loss", losses.hinge_loss, _R, _R, meant=_ANY),
    Row("perceptron_loss", losses.perceptron_loss, _R, _R, meant=_ANY),
    Row(
        "sparsemax_loss", lambda z: jnp.stack([losses.sparsemax_loss(z, jnp.asarray(y)) for y in (0, 1)]), _R,
        varied="logit", meant="labels 0 and 1",
    ),
    Row("sigmoid_binary_cross_entropy", losses.sigmoid_binary_cross_entropy, _R, _R, "logit", "all real labels"),
    Row("sigmoid_focal_loss", losses.sigmoid_focal_loss, _R, box(0, 1), "logit", "labels in [0, 1]"),
    Row("softmax_cross_entropy", losses.softmax_cross_entropy, _SCORES, _WEIGHTS, "logits", "labels >= 0"),
    Row("safe_softmax_cross_entropy", losses.safe_softmax_cross_entropy, _SCORES, _WEIGHTS, "logits", "labels >= 0"),
    Row(
        "softmax_cross_entropy_with_integer_labels", every_class(losses.softmax_cross_entropy_with_integer_labels),
        _SCORES, varied="logits", meant=_LABEL,
    ),
    Row("poly_loss_cross_entropy", losses.poly_loss_cross_entropy, _SCORES, box(0, 1, CLASSES), "logits",
        "labels in [0, 1]"),
    Row("multiclass_hinge_loss", every_class(losses.multiclass_hinge_loss), _SCORES, None, "scores", _LABEL),
    Row("multiclass_perceptron_loss", every_class(losses.multiclass_perceptron_loss), _SCORES, None, "scores", _LABEL),
    Row("multiclass_sparsemax_loss", sparsemax, _SCORES, None, "scores", _LABEL),
    Row(
        "make_fenchel_young_loss", losses.make_fenchel_young_loss(jax.nn.logsumexp), _SCORES, reals(CLASSES), "scores",
        "all targets; of the function logsumexp, with which it is convex because that is",
    ),
    Row("ranking_softmax_loss", losses.ranking_softmax_loss, reals((2, CLASSES)), nonnegative((2, CLASSES)), "logits",
        "relevances >= 0"),
    Row("kl_divergence", losses.kl_divergence, _SCORES, positive(CLASSES), "log-probabilities", "targets > 0"),
    Row(
        "kl_divergence", lambda z: jnp.stack([losses.kl_divergence(z, row) for row in jnp.eye(CLASSES)]), _SCORES,
        varied="log-probabilities", meant="every one-hot target",
    ),
    Row("kl_divergence_with_log_targets", losses.kl_divergence_with_log_targets, _SCORES, reals(CLASSES),
        "log-probabilities", "all log-targets"),
    Row("generalized_kl_divergence", losses.generalized_kl_divergence, _SCORES, positive(CLASSES), "log-predictions",
        "targets > 0"),
    Row("cosine_distance", losses.cosine_distance, positive(2), positive(2), meant="targets > 0"),
    Row("cosine_similarity", losses.cosine_similarity, positive(2), positive(2), meant="targets > 0"),
    Row("dice_loss", losses.dice_loss, reals((2, 2)), box(0, 1, (2, 2)), "logits", _PROBABILITIES),
    Row("binary_dice_loss", losses.binary_dice_loss, reals(2), box(0, 1, 2), "logits", _PROBABILITIES),
    Row("multiclass_generalized_dice_loss", losses.multiclass_generalized_dice_loss, reals((2, 2)), box(0, 1, (2, 2)),
        "logits", _PROBABILITIES),
    Row("triplet_margin_loss", lambda a, q: losses.triplet_margin_loss(a, *q), _TWO, (_TWO, _TWO), "anchors",
        "all positives and negatives"),
    Row("triplet_margin_loss", lambda p, q: losses.triplet_margin_loss(q[0], p, q[1]), _TWO, (_TWO, _TWO), "positives",
        "all anchors and negatives"),
    Row("triplet_margin_loss", lambda n, q: losses.triplet_margin_loss(*q, n), _TWO, (_TWO, _TWO), "negatives",
        "all anchors and positives"),
    Row("ntxent", labels_first(lambda e: losses.ntxent(e, jnp.array([0, 0, 1]))), positive((3, 2)), None, "embeddings",
        "three of two classes"),
    Row("ctc_loss", labels_first(ctc), reals((1, 2, 2)), None, "logits", "two frames, one label"),
)  # fmt: skip

LEFT_OUT = {
    "convex_kl_divergence": "the deprecated name of generalized_kl_divergence",
    "ctc_loss_with_forward_probs": "ctc_loss with the forward probabilities beside it",
    "smooth_labels": "no loss: it makes targets of targets",
}


def public_losses() -> set[str]:
    """The public names of functions that optax defines among its losses."""
    return {
        name
        for module in (losses, optax)
        for name, value in vars(module).items()
        if not name.startswith("_") and callable(value) and getattr(value, "__module__", "").startswith("optax.losses")
    }


def said(verdict: Verdict) -> str:
    """An answer and its evidence."""
    words = {"yes": "convex", "no": "not convex", "undecided": "undecided"}[verdict.answer]
    return words if verdict.evidence is None else f"{words}, {verdict.evidence}"


def cells(row: Row) -> list[str]:
    """A row of the table, its reason last."""
    verdict = row.verdict()
    domain = f"{row.varied}, {describe(row.on)}"
    return [f"`{row.loss}`", domain, row.meant, said(verdict), _reason(verdict)]


def _reason(verdict: Verdict) -> str:
    """The rules of a proof; a chord by its ends; of what is undecided what was tried."""
    if verdict.answer == "no":
        return verdict.because.partition(", f(a) =")[0].replace("the function", "the loss")
    return verdict.because.partition(", the smallest gap")[0]


HEAD = """\
# Which of optax's losses are convex in the prediction?

Made by `python examples/optax_losses.py`, from the functions themselves: `is_convex` of each public loss of
`optax.losses`, with its default options, as a function of the prediction, for every target of the stated kind. *Proved*
means for all predictions and targets, in real arithmetic; *certified* that here are two predictions, with their target,
between which the loss lies above its chord (halfway it is larger than the mean of its values at both), by enclosures
with a strict sign. Where a loss has several entries, for each label say, all are meant.

| loss | in its | for | answer | because |
|---|---|---|---|---|"""

FOOT = """
Left out:

{left_out}

What is convex in the outputs is convex in the last layer that makes them: see
[your-own-network.md](your-own-network.md). To ask this of a loss of your own: [your-own-cost.md](your-own-cost.md).
"""


def page() -> Iterator[str]:
    """The page in Markdown, line by line."""
    yield HEAD
    for row in ROWS:
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells(row))} |"
    yield FOOT.format(left_out="\n".join(f"- `{name}`: {why}" for name, why in LEFT_OUT.items()))


if __name__ == "__main__":
    jax.config.update("jax_enable_x64", True)
    for line in page():
        print(line)
