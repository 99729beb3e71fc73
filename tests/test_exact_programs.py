"""Exact linear programs against SciPy's, separation against constructed cases, and certificates put to the test."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import assume, given
from hypothesis import strategies as st
from scipy.optimize import linprog

from netprops.exact.programs import (
    CompleteSeparation,
    Infeasible,
    Optimum,
    Overlap,
    QuasiSeparation,
    Unbounded,
    check_infeasible,
    check_optimum,
    check_outcome,
    check_separation,
    check_unbounded,
    linear_program,
    maximise,
    separate,
    solve,
)

small = st.integers(-3, 3)
EPSILON = fmpq(1, 10**30)


def matrices(rows, columns, entries=small):
    return st.lists(st.lists(entries, min_size=columns, max_size=columns), min_size=rows, max_size=rows)


@st.composite
def bound_pairs(draw):
    lower, width = draw(st.none() | small), draw(st.integers(0, 4))
    upper = draw(st.none() | (small if lower is None else st.just(lower + width)))
    return lower, upper


@st.composite
def programs(draw):
    """The arguments of a small integer program, every kind of row and bound among them."""
    n, m, k = draw(st.integers(1, 4)), draw(st.integers(0, 4)), draw(st.integers(0, 3))
    return {
        "c": draw(st.lists(small, min_size=n, max_size=n)),
        "A_ub": draw(matrices(m, n)),
        "b_ub": draw(st.lists(small, min_size=m, max_size=m)),
        "A_eq": draw(matrices(k, n)),
        "b_eq": draw(st.lists(small, min_size=k, max_size=k)),
        "bounds": draw(st.lists(bound_pairs(), min_size=n, max_size=n)),
    }


@st.composite
def programs_with_an_optimum(draw):
    """Programs that a drawn point satisfies and whose variables are all bounded."""
    arguments = draw(programs())
    n, wide = len(arguments["c"]), st.integers(0, 4)
    point = draw(st.lists(small, min_size=n, max_size=n))

    def values(rows):
        return [sum(a * x for a, x in zip(row, point, strict=True)) for row in rows]

    return arguments | {
        "b_ub": [value + draw(wide) for value in values(arguments["A_ub"])],
        "b_eq": values(arguments["A_eq"]),
        "bounds": [(x - draw(wide), x + draw(wide)) for x in point],
    }


def scipy_outcome(arguments):
    arguments = {key: value for key, value in arguments.items() if value or key == "c"}
    c = [-entry for entry in arguments.pop("c")]
    return linprog(c, **arguments, method="highs", options={"presolve": False})


# --- linear programs -------------------------------------------------------------------------------------------


@given(programs())
def test_the_outcome_is_the_one_that_scipy_finds(arguments):
    outcome, reference = maximise(**arguments), scipy_outcome(arguments)
    assume(reference.status in (0, 2, 3))
    assert type(outcome) is {0: Optimum, 2: Infeasible, 3: Unbounded}[reference.status]
    if isinstance(outcome, Optimum):
        assert float(Fraction(int(outcome.value.p), int(outcome.value.q))) == pytest.approx(-reference.fun, abs=1e-7)


@given(programs())
def test_every_outcome_carries_a_certificate_that_no_other_kind_of_outcome_has(arguments):
    program = linear_program(**arguments)
    outcome = solve(program)
    check_outcome(program, outcome)
    m, k, zero = len(program.rows), len(program.equal_rows), (fmpq(0),) * len(program.objective)
    if not isinstance(outcome, Infeasible):
        with pytest.raises(ValueError, match=r"no contradiction|no bound"):
            check_infeasible(program, Infeasible((fmpq(1),) * m, (fmpq(0),) * k))
        with pytest.raises(ValueError, match="no contradiction"):
            check_infeasible(program, Infeasible((fmpq(0),) * m, (fmpq(0),) * k))
        with pytest.raises(ValueError, match="does not grow"):
            check_unbounded(program, Unbounded(outcome.point, zero))


@given(programs_with_an_optimum(), st.data())
def test_an_optimum_of_any_other_value_is_refused_whatever_its_multipliers(arguments, data):
    program = linear_program(**arguments)
    outcome = solve(program)
    assert isinstance(outcome, Optimum)
    for value in (outcome.value + EPSILON, outcome.value - EPSILON):
        with pytest.raises(ValueError, match="attains"):
            check_optimum(program, replace(outcome, value=value))
    drawn = [fmpq(data.draw(small)) for _ in program.rows]
    other = replace(outcome, multipliers=tuple(drawn))
    try:
        check_optimum(program, other)
    except ValueError:
        return
    slack = [sum(a * x for a, x in zip(row, outcome.point, strict=True)) for row in program.rows]
    assert all(u == 0 or s == b for u, s, b in zip(drawn, slack, program.limits, strict=True))


TEXTBOOK = {"c": [1, 1], "A_ub": [[1, 2], [3, 1]], "b_ub": [4, 6]}


def test_a_textbook_program_has_its_exact_optimum_and_dual():
    third = fmpq(1, 5)
    expected = Optimum(fmpq(14, 5), (fmpq(8, 5), fmpq(6, 5)), (2 * third, third), ())
    assert maximise(**TEXTBOOK) == expected


@pytest.mark.parametrize(
    ("corruption", "reason"),
    [
        ({"value": fmpq(14, 5) + EPSILON}, "attains 14/5, not"),
        ({"point": (fmpq(8, 5) + EPSILON, fmpq(6, 5))}, "violates inequality 0"),
        ({"point": (fmpq(8, 5), fmpq(6, 5) - EPSILON)}, "attains"),
        ({"point": (fmpq(-1), fmpq(2))}, "violates the bounds of variable 0"),
        ({"point": (fmpq(1),)}, "1 entries, the program 2"),
        ({"multipliers": (fmpq(2, 5), fmpq(1, 5) - EPSILON)}, "no bound on that side"),
        ({"multipliers": (fmpq(2, 5), fmpq(1, 5) + EPSILON)}, "bound the objective by"),
        ({"multipliers": (fmpq(2), fmpq(-1, 5))}, "negative"),
        ({"multipliers": (fmpq(2),)}, "1 and 0 multipliers for 2 and 0 rows"),
    ],
)
def test_a_corrupted_optimum_is_refused_with_the_reason(corruption, reason):
    program = linear_program(**TEXTBOOK)
    with pytest.raises(ValueError, match=reason):
        check_outcome(program, replace(solve(program), **corruption))


@pytest.mark.parametrize(
    ("corruption", "reason"),
    [
        ({"multipliers": (fmpq(1), fmpq(1) + EPSILON)}, "no bound on that side"),
        ({"multipliers": (fmpq(-1), fmpq(-1))}, "negative"),
        ({"multipliers": (fmpq(0), fmpq(0))}, "no contradiction"),
        ({"multipliers": ()}, "0 and 0 multipliers"),
    ],
)
def test_a_corrupted_proof_of_infeasibility_is_refused_with_the_reason(corruption, reason):
    program = linear_program([0], [[1], [-1]], [1, -1 - 1e-11], bounds=(None, None))
    outcome = solve(program)
    assert isinstance(outcome, Infeasible)
    with pytest.raises(ValueError, match=reason):
        check_outcome(program, replace(outcome, **corruption))


@pytest.mark.parametrize(
    ("corruption", "reason"),
    [
        ({"ray": (fmpq(-1), fmpq(-1), fmpq(0))}, "leaves the bounds of variable 0"),
        ({"ray": (fmpq(1), fmpq(1), fmpq(1))}, "leaves the bounds of variable 2"),
        ({"ray": (fmpq(1), fmpq(1) + EPSILON, fmpq(0))}, "leaves inequality 0"),
        ({"ray": (fmpq(1), fmpq(0), fmpq(0))}, "leaves equation 0"),
        ({"ray": (fmpq(0), fmpq(0), fmpq(0))}, "does not grow"),
        ({"ray": (fmpq(1),)}, "the ray has 1 entries"),
        ({"point": (fmpq(1), fmpq(2), fmpq(0))}, "violates inequality 0"),
        ({"point": (fmpq(1), fmpq(0), fmpq(0))}, "violates equation 0"),
        ({"point": (fmpq(0), fmpq(0), fmpq(2))}, "violates the bounds of variable 2"),
    ],
)
def test_a_corrupted_ray_is_refused_with_the_reason(corruption, reason):
    program = linear_program([1, 0, 0], [[-1, 1, 0]], [0], [[1, -1, 0]], [0], [(0, None), (None, None), (0, 1)])
    outcome = solve(program)
    assert isinstance(outcome, Unbounded)
    assert outcome.ray == (1, 1, 0)
    with pytest.raises(ValueError, match=reason):
        check_outcome(program, replace(outcome, **corruption))


def test_a_gap_of_one_part_in_1e11_decides_feasibility():
    assert isinstance(maximise([1], [[1], [-1]], [1, -1 - 1e-11]), Infeasible)
    assert maximise([1], [[1], [-1]], [1 + 1e-11, -1 - 1e-11]).value == fmpq(*(1 + 1e-11).as_integer_ratio())
    assert maximise([1], A_eq=[[1e-300]], b_eq=[1e300]).value == fmpq(int(1e300)) / fmpq(*(1e-300).as_integer_ratio())


def test_redundant_equations_are_no_obstacle():
    rows = [[1, 1, 1], [2, 2, 2], [1, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert maximise([0, 2, 1], A_eq=rows, b_eq=[3, 6, 1, 2, 0]).value == 4
    assert isinstance(maximise([0, 2, 1], A_eq=rows, b_eq=[3, 6, 1, 2, 1]), Infeasible)


def test_an_equation_that_only_the_origin_satisfies_binds():
    assert maximise([1], A_eq=[[-1]], b_eq=[0]).value == 0
    assert maximise([1, 2], A_eq=[[-1, -1], [0, -1]], b_eq=[0, 0]).value == 0


def test_a_program_on_which_the_largest_gain_alone_cycles_is_solved():
    beale = [[fmpq(1, 4), -60, fmpq(-1, 25), 9], [fmpq(1, 2), -90, fmpq(-1, 50), 3], [0, 0, 1, 0]]
    assert maximise([fmpq(3, 4), -150, fmpq(1, 50), -6], beale, [0, 0, 1]).value == fmpq(1, 20)


@pytest.mark.parametrize("n", [1, 2, 6])
def test_klee_and_mintys_cube_is_climbed_to_the_top(n):
    rows = [[2 ** (i - j + 1) if j < i else int(i == j) for j in range(n)] for i in range(n)]
    assert maximise([2 ** (n - 1 - j) for j in range(n)], rows, [5 ** (i + 1) for i in range(n)]).value == 5**n


def test_bounds_alone_make_a_program():
    assert maximise([1, -1], bounds=[(None, 3), (-1, 5)]) == Optimum(fmpq(4), (fmpq(3), fmpq(-1)), (), ())
    assert isinstance(maximise([1], bounds=(None, None)), Unbounded)
    assert maximise([0], bounds=(None, None)).value == 0
    assert maximise([1, 1], bounds=np.array([0.5, 0.5])).value == 1
    assert maximise([]).value == 0


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ({"c": [1], "A_ub": [[1, 2]], "b_ub": [1]}, "2 coefficients for 1 variables"),
        ({"c": [1], "A_eq": [[1]], "b_eq": []}, "1 rows with 0 right-hand sides"),
        ({"c": [1], "bounds": [(0, 1), (0, 1)]}, "2 pairs of bounds for 1 variables"),
        ({"c": [1], "bounds": (1, 0)}, "bounded by 1 from below and by 0 from above"),
        ({"c": [float("nan")]}, "not a finite number"),
    ],
)
def test_a_program_that_does_not_fit_together_is_refused(arguments, reason):
    with pytest.raises(ValueError, match=reason):
        linear_program(**arguments)


# --- separation ------------------------------------------------------------------------------------------------


def integer_rows(n, d):
    return matrices(n, d).map(lambda rows: np.array(rows, dtype=object).reshape(n, d))


@st.composite
def separable(draw):
    """Rows on the positive side of a hidden direction."""
    d = draw(st.integers(1, 4))
    rows, theta = draw(integer_rows(draw(st.integers(1, 8)), d)), draw(integer_rows(1, d))[0]
    values = rows @ theta
    rows = rows[values != 0] * np.sign(values[values != 0].astype(int))[:, None]
    assume(len(rows))
    return rows


@st.composite
def overlapping(draw, minimum=1):
    """Rows with a hidden positive combination equal to zero, in any order."""
    d, n = draw(st.integers(minimum, 4)), draw(st.integers(0, 6))
    rows = draw(integer_rows(n, d))
    weights = np.array(draw(st.lists(st.integers(1, 3), min_size=n, max_size=n)), dtype=object)
    rows = np.vstack([rows, -(weights @ rows)[None, :] if n else np.zeros((1, d), dtype=object)])
    return rows[draw(st.permutations(range(n + 1)))]


@st.composite
def quasi_separable(draw):
    """(rows, which of them lie on the hidden hyperplane): overlapping rows on it, others beside it, then sheared."""
    on = draw(overlapping())
    beside = draw(integer_rows(draw(st.integers(1, 4)), on.shape[1]))
    height = np.array(draw(st.lists(st.integers(1, 3), min_size=len(beside), max_size=len(beside))), dtype=object)
    on = np.hstack([on, np.zeros((len(on), 1), dtype=object)])
    rows = np.vstack([on, np.hstack([beside, height[:, None]])])
    shear = np.eye(rows.shape[1], dtype=object)
    shear[-1, :-1] = shear[:-1, -1] = 0
    shear[:-1, -1] = draw(st.lists(small, min_size=rows.shape[1] - 1, max_size=rows.shape[1] - 1))
    order = draw(st.permutations(range(len(rows))))
    return (rows @ shear)[order], [k < len(on) for k in order]


@given(separable())
def test_rows_on_one_side_of_a_hyperplane_are_completely_separated(rows):
    result = separate(rows)
    assert isinstance(result, CompleteSeparation)
    assert all(sum(int(t.p) * x for t, x in zip(result.theta, row, strict=True)) > 0 for row in rows)
    assert all(t.q == 1 for t in result.theta)


@given(overlapping())
def test_rows_with_a_positive_combination_equal_to_zero_overlap(rows):
    result = separate(rows)
    assert isinstance(result, Overlap)
    weights = [int(multiplier.p) for multiplier in result.multipliers]
    assert min(weights) > 0
    assert not (np.array(weights, dtype=object) @ rows).any()
    assert result.rank == np.linalg.matrix_rank(rows.astype(float))


@given(quasi_separable())
def test_overlapping_rows_in_a_hyperplane_and_others_beside_it_are_quasi_separated(case):
    rows, on_hyperplane = case
    result = separate(rows)
    assert isinstance(result, QuasiSeparation)
    values = rows @ np.array([int(t.p) for t in result.theta], dtype=object)
    assert [value == 0 for value in values] == on_hyperplane
    assert min(values) == 0
    assert [multiplier > 0 for multiplier in result.multipliers] == on_hyperplane
    assert not (np.array([int(m.p) for m in result.multipliers], dtype=object) @ rows).any()


@given(st.tuples(st.integers(1, 7), st.integers(1, 3)).flatmap(lambda shape: integer_rows(*shape)))
def test_the_case_is_the_one_that_a_linear_program_in_floats_finds(rows):
    n, d = rows.shape
    reference = linprog(  # the largest sum of s_i <= m_i.theta, 0 <= s_i <= 1
        [0] * d + [-1] * n,
        A_ub=np.hstack([-rows.astype(float), np.eye(n)]),
        b_ub=np.zeros(n),
        bounds=[(None, None)] * d + [(0, 1)] * n,
    )
    strict = round(-reference.fun)
    expected = CompleteSeparation if strict == n else QuasiSeparation if strict else Overlap
    assert type(separate(rows)) is expected


@given(st.one_of(separable(), overlapping(), quasi_separable().map(lambda case: case[0])), st.integers(1, 10**9))
def test_repeating_and_scaling_rows_keeps_the_case(rows, factor):
    doubled = np.vstack([rows, rows * factor])
    assert type(separate(doubled)) is type(separate(rows))


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ([[0, 0]], Overlap((fmpq(1),), 0)),
        ([[], []], Overlap((fmpq(1), fmpq(1)), 0)),
        ([[1, 0], [-1, 0]], Overlap((fmpq(1), fmpq(1)), 1)),
        ([[1, 0], [-3, 0], [0, 0]], Overlap((fmpq(6), fmpq(2), fmpq(3)), 1)),
    ],
)
def test_zero_rows_and_ranks_below_the_dimension_are_counted(rows, expected):
    result = separate(rows)
    assert isinstance(result, Overlap)
    assert result.rank == expected.rank
    check_separation(rows, expected)


def test_a_zero_row_is_never_separated():
    result = separate([[1, 0], [0, 0], [1, 1]])
    assert isinstance(result, QuasiSeparation)
    assert result.multipliers == (0, 1, 0)


def test_a_hair_decides_the_case():
    assert isinstance(separate([[1, 1e-300], [-1, 1e-300]]), CompleteSeparation)
    assert isinstance(separate([[1, 1e-300], [-1, 1e-300], [0, 0.0]]), QuasiSeparation)
    assert isinstance(separate([[1, 0], [-1, 0], [0, 1e-300]]), QuasiSeparation)
    assert isinstance(separate([[1, 1e-300], [-1, -1e-300]]), Overlap)
    assert isinstance(separate([[0.1, 1], [-0.3, -3]]), CompleteSeparation)  # 0.3 is not three times 0.1


def test_a_second_direction_separates_what_the_first_leaves_open():
    rows = [[1, 0, 0], [-(10**6), 1, 0], [0, -(10**6), 1], [0, 0, 0]]
    result = separate(rows)
    assert isinstance(result, QuasiSeparation)
    assert result.multipliers == (0, 0, 0, 1)


def test_no_rows_are_refused():
    with pytest.raises(ValueError, match="no rows"):
        separate([])
    with pytest.raises(ValueError, match="different lengths"):
        separate([[1], [1, 2]])


@pytest.mark.parametrize("noise", [0, 1])
def test_a_hundred_and_fifty_rows_of_floats_are_decided(noise):
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.standard_normal((150, 4)), np.ones(150)])
    labels = np.sign(X @ rng.standard_normal(5) + noise * rng.standard_normal(150))
    assert isinstance(separate(labels[:, None] * X), Overlap if noise else CompleteSeparation)


COMPLETE, QUASI, OVERLAP = [[1, 0], [1, 1]], [[1, 0], [-1, 0], [0, 1]], [[1, 0], [-1, 0]]


@pytest.mark.parametrize(
    ("rows", "corrupted", "reason"),
    [
        (COMPLETE, CompleteSeparation((1, -1)), "row 1 has margin 0"),
        (COMPLETE, CompleteSeparation((1, -1 - 1e-11)), "row 1 has margin -"),
        (COMPLETE, CompleteSeparation((1,)), "1 entries, the rows have 2"),
        (COMPLETE, QuasiSeparation((1, 0), (0, 0)), "every multiplier is 0"),
        (COMPLETE, QuasiSeparation((1, 0), (1, 0)), "add up to 1 in column 0"),
        (COMPLETE, Overlap((1, 1), 2), "add up to 2 in column 0"),
        (QUASI, CompleteSeparation((0, 1)), "row 0 has margin 0"),
        (QUASI, QuasiSeparation((0, 0), (1, 1, 0)), "margin 0 on every row"),
        (QUASI, QuasiSeparation((1e-11, 1), (1, 1, 0)), "row 1 has margin -"),
        (QUASI, QuasiSeparation((0, 1), (1, 1 + 1e-11, 0)), "add up to -"),
        (QUASI, QuasiSeparation((0, 1), (-1, -1, 0)), "row 0 has multiplier -1"),
        (QUASI, QuasiSeparation((0, 1), (1, 1)), "2 multipliers for 3 rows"),
        (QUASI, Overlap((1, 1, 0), 2), "row 2 has multiplier 0"),
        (OVERLAP, Overlap((1, 1), 2), "the rank of the rows is 1, not 2"),
        (OVERLAP, Overlap((1, 2), 1), "add up to -1 in column 0"),
        (OVERLAP, QuasiSeparation((0, 1), (1, 1)), "margin 0 on every row"),
        (OVERLAP, CompleteSeparation((1, 0)), "row 1 has margin -1"),
        ([], Overlap((), 0), "no rows"),
    ],
)
def test_a_corrupted_separation_is_refused_with_the_reason(rows, corrupted, reason):
    with pytest.raises(ValueError, match=reason):
        check_separation(rows, corrupted)


@given(st.one_of(separable(), overlapping(), quasi_separable().map(lambda case: case[0])), st.data())
def test_no_drawn_certificate_of_another_case_is_accepted(rows, data):
    n, d = rows.shape
    found = type(separate(rows))
    theta = data.draw(st.lists(small, min_size=d, max_size=d))
    multipliers = data.draw(st.lists(st.integers(0, 3), min_size=n, max_size=n))
    rank = int(np.linalg.matrix_rank(rows.astype(float)))
    for claimed in (CompleteSeparation(theta), QuasiSeparation(theta, multipliers), Overlap(multipliers, rank)):
        if type(claimed) is not found:
            with pytest.raises(ValueError, match=r"margin|multiplier|add up"):
                check_separation(rows, claimed)
