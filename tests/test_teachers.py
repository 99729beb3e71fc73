"""Students: against optimisers written out in NumPy, and against one student trained alone."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from netprops.objects.networks import Network
from netprops.objects.teachers import Teaching, mean_cost, train, train_watching
from netprops.objects.training import glorot_start, normal_point

X, Y = np.array([[-1.0], [0.5], [2.0]]), np.array([[1.0], [0.0], [-2.0]])
START = (np.array([[0.5, -1.0]]), np.array([0.25, 0.0])), (np.array([[1.0], [2.0]]), np.array([0.5]))
NETWORK = Network((1, 2, 1))


def slope_by_hand(p):
    """The gradient of the mean squared error of tanh units, by the chain rule."""
    (W, b), (V, c) = p
    h = np.tanh(X @ W + b)
    error = 2 * (h @ V + c - Y) / len(X)
    back = error @ V.T * (1 - h**2)
    return (X.T @ back, back.sum(axis=0)), (h.T @ error, error.sum(axis=0))


def flat(p):
    return np.concatenate([np.ravel(part) for layer in p for part in layer])


def shaped(v):
    return (v[:2].reshape(1, 2), v[2:4]), (v[4:6].reshape(2, 1), v[6:])


def cost(p):
    return mean_cost(NETWORK, p, X, Y)


def sgd(v, g, memory, t):
    return v - 0.1 * g, memory


def momentum(v, g, memory, t):
    memory = g + 0.9 * memory
    return v - 0.05 * memory, memory


def adam(v, g, memory, t):
    m, s = memory if t > 1 else (0 * g, 0 * g)
    m, s = 0.9 * m + 0.1 * g, 0.999 * s + 0.001 * g**2
    return v - 0.05 * (m / (1 - 0.9**t)) / (np.sqrt(s / (1 - 0.999**t)) + 1e-8), (m, s)


@pytest.mark.parametrize(
    ("optimiser", "by_hand"),
    [(optax.sgd(0.1), sgd), (optax.sgd(0.05, momentum=0.9), momentum), (optax.adam(0.05), adam)],
    ids=["gradient descent", "momentum", "Adam"],
)
def test_an_optimiser_written_out(optimiser, by_hand):
    v, memory, costs = flat(START), 0.0, [float(cost(START))]
    for t in range(1, 21):
        v, memory = by_hand(v, flat(slope_by_hand(shaped(v))), memory, t)
        costs.append(float(cost(shaped(v))))
    end, least = train_watching(cost, cost, START, optimiser, 20)
    assert np.allclose(flat(end), v, rtol=1e-9, atol=1e-12)
    assert float(least) == pytest.approx(min(costs), rel=1e-9)


def test_the_least_watched_value_may_be_that_of_the_start():
    away = lambda p: jnp.sum((p[0][0] - START[0][0]) ** 2)  # noqa: E731
    assert train_watching(cost, away, START, optax.sgd(0.1), 5)[1] == 0
    assert np.array_equal(flat(train(cost, START, optax.sgd(0.1), 0)), flat(START))
    once = jax.tree.map(lambda a, g: a - 0.1 * g, START, slope_by_hand(START))
    assert np.allclose(flat(train(cost, START, optax.sgd(0.1), 1)), flat(once), atol=1e-12)


def test_a_lesson_is_what_the_teacher_says():
    clean, noisy = Teaching(inputs=3, units=2, rows=5, tests=7), Teaching(inputs=3, units=2, rows=5, tests=7, noise=0.5)
    lesson, other = jax.jit(lambda key: (clean.lesson(key), noisy.lesson(key)))(jax.random.key(3))
    assert [part.shape for part in lesson] == [(5, 3), (5, 1), (7, 3), (7, 1)]
    assert np.array_equal(lesson.x, other.x)
    assert np.array_equal(lesson.y_test, other.y_test)
    assert np.all(lesson.y != other.y)
    ((U, b), (V, _)), x, _, _ = jax.tree.map(np.asarray, normal_point(jax.random.key(3), clean.drawn))
    assert np.allclose(lesson.y, np.tanh(x @ U + b) @ V / np.sqrt(2), atol=1e-12)


TASK = Teaching(inputs=2, units=1, rows=6, tests=4, hidden=jax.nn.relu)


def test_a_student_beside_another_is_as_if_trained_alone():
    key = jax.random.key(5)
    ends = jax.jit(TASK.trial((1, 3), optax.sgd(0.1), 30, scale=0.5, watch=True))(key)
    student = TASK.student(3)

    @jax.jit
    def alone():
        (_, normals), drawn = normal_point(key, ((TASK.student(1).params, student.params), TASK.drawn))
        x, y, x_test, y_test = TASK.lesson_of(drawn)
        cost, test = (lambda p: mean_cost(student, p, x, y)), (lambda p: mean_cost(student, p, x_test, y_test))
        end, best = train_watching(cost, test, glorot_start(normals, 0.5), optax.sgd(0.1), 30)
        return cost(end), test(end), best

    assert np.allclose([part[1] for part in ends], alone(), rtol=1e-9, atol=1e-12)
    assert np.all(ends.best_test <= ends.test)


def test_a_fixed_task_is_one_for_all_keys():
    def without_inputs(lesson):
        return lesson._replace(x=0 * lesson.x)  # at the start, without biases, the student says 0

    @jax.jit
    def losses(key):
        trials = (TASK.trial((2,), optax.sgd(0.1), 0, fixed=fixed, changed=without_inputs) for fixed in (True, False))
        return [trial(key).train[0] for trial in trials]

    first, other = losses(jax.random.key(1)), losses(jax.random.key(2))
    assert first[0] == other[0]
    assert first[1] != other[1]


def test_shuffled_labels_are_not_learned():
    def shuffled(lesson):
        return lesson._replace(y=lesson.y[::-1])

    key = jax.random.key(2)
    task = Teaching(inputs=2, units=1, rows=32, tests=32)
    trials = (task.trial((4,), optax.adam(0.1), 200, changed=change) for change in (lambda lesson: lesson, shuffled))
    right, wrong = (jax.jit(trial)(key) for trial in trials)
    assert wrong.test[0] > 0.1 > 0.01 > right.test[0]


def test_a_task_with_no_units_is_refused():
    with pytest.raises(ValueError, match="one or more"):
        Teaching(units=0).lesson(jax.random.key(0))
    with pytest.raises(ValueError, match="one or more"):
        TASK.trial((0,), optax.sgd(0.1), 1)
