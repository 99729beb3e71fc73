"""Linear programs over the rationals, every answer with a certificate that is checked without the solver.

The program is to maximise c.x subject to A_ub x <= b_ub, A_eq x = b_eq and lower <= x <= upper.  For multipliers
u >= 0 of the inequalities and w of the equations let z = c - A_ub'u - A_eq'w.  Every feasible x has

    c.x <= b_ub.u + b_eq.w + sum over z_j > 0 of z_j upper_j + sum over z_j < 0 of z_j lower_j =: bound(c; u, w)

(with z_j = 0 wherever that bound of x_j is infinite), so a feasible point that attains it is optimal; and if
bound(0; u, w) < 0 there is no feasible point at all.

`separate` applies this to the margins of a linear classifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flint import fmpq, fmpq_mat

from netprops.exact.inertia import ZERO, Vector, dot, integer_multiple, rational_rows, rational_vector, to_rational

Numbers = tuple[fmpq, ...]


@dataclass(frozen=True)
class Program:
    """Maximise objective.x subject to rows x <= limits, equal_rows x = equal_limits, lower <= x <= upper.

    Shapes: objective, lower, upper (n,); rows (m, n), limits (m,); equal_rows (k, n), equal_limits (k,).  None in
    `lower` or `upper` means no bound.  Build one with `linear_program`, which checks all this.
    """

    objective: Numbers
    rows: tuple[Numbers, ...]
    limits: Numbers
    equal_rows: tuple[Numbers, ...]
    equal_limits: Numbers
    lower: tuple[fmpq | None, ...]
    upper: tuple[fmpq | None, ...]


@dataclass(frozen=True)
class Optimum:
    """`point` is feasible, objective.point = value = bound(objective; multipliers, equal_multipliers)."""

    value: fmpq
    point: Numbers
    multipliers: Numbers
    equal_multipliers: Numbers


@dataclass(frozen=True)
class Infeasible:
    """Farkas: bound(0; multipliers, equal_multipliers) < 0, so no point is feasible."""

    multipliers: Numbers
    equal_multipliers: Numbers


@dataclass(frozen=True)
class Unbounded:
    """`point` + t `ray` is feasible for every t >= 0, and objective.ray > 0."""

    point: Numbers
    ray: Numbers


Outcome = Optimum | Infeasible | Unbounded


def linear_program(
    c: Any, A_ub: Any = (), b_ub: Any = (), A_eq: Any = (), b_eq: Any = (), bounds: Any = (0, None)
) -> Program:
    """The program to maximise c.x subject to A_ub x <= b_ub, A_eq x = b_eq and the bounds.

    c: (n,); A_ub: (m, n), b_ub: (m,); A_eq: (k, n), b_eq: (k,), of numbers that `to_rational` takes.  `bounds`: one
    pair (lower, upper) for all variables, or a sequence of n pairs; None is no bound; non-negative unless told.

    Raises `ValueError` for shapes that do not fit and for lower > upper, and `to_rational`'s errors.
    """
    objective = rational_vector(c)
    rows, limits = _system(A_ub, b_ub, len(objective))
    equal_rows, equal_limits = _system(A_eq, b_eq, len(objective))
    pairs = [bounds] * len(objective) if _is_pair(bounds) else list(bounds)
    if len(pairs) != len(objective):
        raise ValueError(f"{len(pairs)} pairs of bounds for {len(objective)} variables")
    lower, upper = (tuple(None if pair[k] is None else to_rational(pair[k]) for pair in pairs) for k in (0, 1))
    for j, (low, high) in enumerate(zip(lower, upper, strict=True)):
        if low is not None and high is not None and low > high:
            raise ValueError(f"variable {j} is bounded by {low} from below and by {high} from above")
    return Program(tuple(objective), rows, limits, equal_rows, equal_limits, lower, upper)


def maximise(
    c: Any, A_ub: Any = (), b_ub: Any = (), A_eq: Any = (), b_eq: Any = (), bounds: Any = (0, None)
) -> Outcome:
    """Solve `linear_program(c, A_ub, b_ub, A_eq, b_eq, bounds)`; see there for shapes and errors."""
    return solve(linear_program(c, A_ub, b_ub, A_eq, b_eq, bounds))


def solve(program: Program) -> Outcome:
    """The optimum, or why there is none; `check_outcome` has accepted it."""
    outcome = _solve(program)
    check_outcome(program, outcome)
    return outcome


def _is_pair(bounds: Any) -> bool:
    return len(bounds) == 2 and not any(hasattr(end, "__len__") for end in bounds)


def _system(rows: Any, limits: Any, width: int) -> tuple[tuple[Numbers, ...], Numbers]:
    matrix, vector = rational_rows(rows), rational_vector(limits)
    if len(matrix) != len(vector):
        raise ValueError(f"{len(matrix)} rows with {len(vector)} right-hand sides")
    if matrix and len(matrix[0]) != width:
        raise ValueError(f"rows of {len(matrix[0])} coefficients for {width} variables")
    return tuple(tuple(row) for row in matrix), tuple(vector)


# --- certificates ----------------------------------------------------------------------------------------------


def check_outcome(program: Program, outcome: Outcome) -> None:
    """Refuse, by a `ValueError` that says why, an outcome whose certificate does not prove it."""
    match outcome:
        case Optimum():
            check_optimum(program, outcome)
        case Infeasible():
            check_infeasible(program, outcome)
        case Unbounded():
            check_unbounded(program, outcome)


def check_optimum(program: Program, outcome: Optimum) -> None:
    """Refuse, by a `ValueError` that says why, an optimum whose point or multipliers do not prove its value."""
    _check_feasible(program, outcome.point)
    attained, value = dot(program.objective, rational_vector(outcome.point)), to_rational(outcome.value)
    if attained != value:
        raise ValueError(f"the point attains {attained}, not {value}")
    bound = _bound(program, program.objective, outcome.multipliers, outcome.equal_multipliers)
    if bound != value:
        raise ValueError(f"the multipliers bound the objective by {bound}, not by {value}")


def check_infeasible(program: Program, outcome: Infeasible) -> None:
    """Refuse, by a `ValueError` that says why, multipliers that do not rule out every point."""
    zero = (ZERO,) * len(program.objective)
    bound = _bound(program, zero, outcome.multipliers, outcome.equal_multipliers)
    if not bound < 0:
        raise ValueError(f"the multipliers prove 0 <= {bound}, which is no contradiction")


def check_unbounded(program: Program, outcome: Unbounded) -> None:
    """Refuse, by a `ValueError` that says why, a ray that leaves the feasible set or does not raise the objective."""
    _check_feasible(program, outcome.point)
    ray = rational_vector(outcome.ray)
    if len(ray) != len(program.objective):
        raise ValueError(f"the ray has {len(ray)} entries, the program {len(program.objective)} variables")
    for i, row in enumerate(program.rows):
        if dot(row, ray) > 0:
            raise ValueError(f"the ray leaves inequality {i}")
    for i, row in enumerate(program.equal_rows):
        if dot(row, ray) != 0:
            raise ValueError(f"the ray leaves equation {i}")
    for j, step in enumerate(ray):
        if (step < 0 and program.lower[j] is not None) or (step > 0 and program.upper[j] is not None):
            raise ValueError(f"the ray leaves the bounds of variable {j}")
    if not dot(program.objective, ray) > 0:
        raise ValueError("the objective does not grow along the ray")


def _check_feasible(program: Program, certificate: Numbers) -> None:
    point = rational_vector(certificate)
    if len(point) != len(program.objective):
        raise ValueError(f"the point has {len(point)} entries, the program {len(program.objective)} variables")
    for i, (row, limit) in enumerate(zip(program.rows, program.limits, strict=True)):
        if dot(row, point) > limit:
            raise ValueError(f"the point violates inequality {i}")
    for i, (row, limit) in enumerate(zip(program.equal_rows, program.equal_limits, strict=True)):
        if dot(row, point) != limit:
            raise ValueError(f"the point violates equation {i}")
    for j, (low, x, high) in enumerate(zip(program.lower, point, program.upper, strict=True)):
        if (low is not None and x < low) or (high is not None and x > high):
            raise ValueError(f"the point violates the bounds of variable {j}")


def _bound(program: Program, objective: Numbers, multipliers: Numbers, equal_multipliers: Numbers) -> fmpq:
    """bound(objective; u, w) of the module's text."""
    u, w = rational_vector(multipliers), rational_vector(equal_multipliers)
    if len(u) != len(program.rows) or len(w) != len(program.equal_rows):
        raise ValueError(
            f"{len(u)} and {len(w)} multipliers for {len(program.rows)} and {len(program.equal_rows)} rows"
        )
    if any(entry < 0 for entry in u):
        raise ValueError("the multiplier of an inequality is negative")
    z = _minus_combination(_minus_combination(list(objective), program.rows, u), program.equal_rows, w)
    total = dot(program.limits, u) + dot(program.equal_limits, w)
    for j, excess in enumerate(z):
        if excess:
            end = program.upper[j] if excess > 0 else program.lower[j]
            if end is None:
                raise ValueError(f"the multipliers leave {excess} on variable {j}, which has no bound on that side")
            total += excess * end
    return total


def _minus_combination(vector: Vector, rows: tuple[Numbers, ...], multipliers: Vector) -> Vector:
    """vector - sum_i multipliers_i rows_i."""
    for row, factor in zip(rows, multipliers, strict=True):
        if factor:
            vector = [a - factor * b if b else a for a, b in zip(vector, row, strict=True)]
    return vector


# --- the simplex method ----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Tableau:
    """The program over y >= 0, where x_j = shifts_j + the sum of sign * y_k over the columns k that carry (j, sign).

    A row of `table` has the entries of these columns, of one slack for each inequality and of one artificial variable
    for each row (the identity, at first), then its right-hand side, which stays >= 0.  `signs` has -1 for the rows
    that were negated for that, else 1.  `basis` has the basic variable of each row.  Table and basis change in place.
    """

    columns: list[tuple[int, int]]
    shifts: Vector
    signs: list[int]
    table: list[Vector]
    basis: list[int]
    first_artificial: int


def _solve(program: Program) -> Outcome:
    tableau = _tableau(program)
    penalties = [ZERO] * tableau.first_artificial + [fmpq(-1)] * len(tableau.basis)
    gains = _gains(tableau, penalties)
    _climb(tableau, gains)
    if gains[-1]:  # some artificial variable cannot be zero
        return Infeasible(*_multipliers(program, tableau, penalties, gains))
    _expel_artificial(tableau)
    costs = [program.objective[j] * sign for j, sign in tableau.columns]
    costs += [ZERO] * (tableau.first_artificial + len(tableau.basis) - len(costs))
    gains = _gains(tableau, costs)
    entering = _climb(tableau, gains)
    point = _original(tableau, {k: row[-1] for k, row in _basic_rows(tableau)}, tableau.shifts)
    if entering is not None:
        steps = {k: -row[entering] for k, row in _basic_rows(tableau)} | {entering: fmpq(1)}
        return Unbounded(point, _original(tableau, steps, [ZERO] * len(point)))
    return Optimum(dot(program.objective, point), point, *_multipliers(program, tableau, costs, gains))


def _tableau(program: Program) -> _Tableau:
    """Inequalities first, then the upper bounds that no shift takes care of, then the equations."""
    columns, shifts, rows, limits = [], [], list(program.rows), list(program.limits)
    for j, (low, high) in enumerate(zip(program.lower, program.upper, strict=True)):
        shifts.append(low if low is not None else high if high is not None else ZERO)
        columns.append((j, 1 if low is not None or high is None else -1))
        if low is None and high is None:
            columns.append((j, -1))
        if low is not None and high is not None:
            rows.append(tuple(fmpq(int(k == j)) for k in range(len(program.lower))))
            limits.append(high)
    slacks = len(rows)
    rows += program.equal_rows
    limits += program.equal_limits
    first_artificial = len(columns) + slacks
    signs, table, basis = [], [], []
    for i, (row, limit) in enumerate(zip(rows, limits, strict=True)):
        rest = limit - dot(row, shifts)
        sign = -1 if rest < 0 else 1
        extra = [ZERO] * (slacks + len(rows))
        extra[slacks + i] = fmpq(1)
        if i < slacks:
            extra[i] = fmpq(sign)
        signs.append(sign)
        table.append([*(row[j] * (sign * side) for j, side in columns), *extra, sign * rest])
        basis.append(len(columns) + i if i < slacks and sign > 0 else first_artificial + i)
    return _Tableau(columns, shifts, signs, table, basis, first_artificial)


def _basic_rows(tableau: _Tableau) -> list[tuple[int, Vector]]:
    return list(zip(tableau.basis, tableau.table, strict=True))


def _gains(tableau: _Tableau, costs: Vector) -> Vector:
    """Per column what the objective gains when it grows by one, the basis following; last, minus the objective."""
    gains = [*costs, ZERO]
    for k, row in _basic_rows(tableau):
        _subtract(gains, costs[k], row)
    return gains


def _climb(tableau: _Tableau, gains: Vector) -> int | None:
    """Pivot until no gain is positive (None), or until a column may grow for ever (that column).

    The largest gain enters after a step that improved the objective; otherwise Bland's rule, the first positive one,
    so that no stall lasts for ever.  Artificial variables never enter.
    """
    stalled = False
    while True:
        positive = [k for k in range(tableau.first_artificial) if gains[k] > 0]
        if not positive:
            return None
        entering = positive[0] if stalled else max(positive, key=lambda k: gains[k])
        ratios = [
            (row[-1] / row[entering], k, i) for i, (k, row) in enumerate(_basic_rows(tableau)) if row[entering] > 0
        ]
        if not ratios:
            return entering
        step, _, leaving = min(ratios)
        stalled = not step
        _pivot(tableau, leaving, entering)
        _subtract(gains, gains[entering], tableau.table[leaving])


def _pivot(tableau: _Tableau, leaving: int, entering: int) -> None:
    pivot = tableau.table[leaving][entering]
    row = tableau.table[leaving] = [entry / pivot if entry else entry for entry in tableau.table[leaving]]
    for i, other in enumerate(tableau.table):
        if i != leaving:
            _subtract(other, other[entering], row)
    tableau.basis[leaving] = entering


def _subtract(vector: Vector, factor: fmpq, row: Vector) -> None:
    """Subtract factor * row from the vector, in place."""
    if factor:
        for k, entry in enumerate(row):
            if entry:
                vector[k] -= factor * entry


def _expel_artificial(tableau: _Tableau) -> None:
    """Pivot artificial variables, all zero by now, out of the basis; one that stays belongs to a redundant row."""
    for i, (k, row) in enumerate(_basic_rows(tableau)):
        if k >= tableau.first_artificial:
            entering = next((j for j in range(tableau.first_artificial) if row[j]), None)
            if entering is not None:
                _pivot(tableau, i, entering)


def _multipliers(program: Program, tableau: _Tableau, costs: Vector, gains: Vector) -> tuple[Numbers, Numbers]:
    """The gain of row i's artificial variable is its cost minus the multiplier of the row."""
    first = tableau.first_artificial
    y = [sign * (costs[first + i] - gains[first + i]) for i, sign in enumerate(tableau.signs)]
    return tuple(y[: len(program.rows)]), tuple(y[len(y) - len(program.equal_rows) :])


def _original(tableau: _Tableau, values: dict[int, fmpq], shifts: Vector) -> Numbers:
    point = list(shifts)
    for k, (j, sign) in enumerate(tableau.columns):
        point[j] += sign * values.get(k, ZERO)
    return tuple(point)


# --- separation ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CompleteSeparation:
    """theta with m_i.theta > 0 for every row m_i."""

    theta: Numbers


@dataclass(frozen=True)
class QuasiSeparation:
    """theta with all m_i.theta >= 0, not all 0; multipliers l >= 0, not all 0, with sum_i l_i m_i = 0.

    So m_i.theta = 0 wherever l_i > 0.
    """

    theta: Numbers
    multipliers: Numbers


@dataclass(frozen=True)
class Overlap:
    """Multipliers l > 0, all of them, with sum_i l_i m_i = 0; and the rank of the rows."""

    multipliers: Numbers
    rank: int


Separation = CompleteSeparation | QuasiSeparation | Overlap


def separate(rows: Any) -> Separation:
    """Which one of three cases the margins are in; `check_separation` has accepted the answer.

    rows: (n, d), the rational margins m_1, ..., m_n, n >= 1.  Rows of zeros are allowed; no theta is strict on them.
    Exactly one case holds, by the theorems of Gordan and Stiemke:

    - `CompleteSeparation`: some theta has m_i.theta > 0 for all i;
    - `QuasiSeparation`: else some theta has m_i.theta >= 0 for all i, not all 0.  The one returned is strict on as
      many rows as possible, and l_i > 0 on all the others;
    - `Overlap`: else some l has l_i > 0 for all i and sum_i l_i m_i = 0.

    Entries of theta and l are integers.  Raises `ValueError` without rows or for rows of different lengths, and
    `to_rational`'s errors.
    """
    margins = _margins(rows)
    result = _separate(margins)
    check_separation(margins, result)
    return result


def check_separation(rows: Any, result: Separation) -> None:
    """Refuse, by a `ValueError` that says why, a result that is not what its class says of the rows."""
    margins = _margins(rows)
    match result:
        case CompleteSeparation(theta):
            _check_theta(margins, theta, strict_on_all=True)
        case QuasiSeparation(theta, multipliers):
            _check_theta(margins, theta, strict_on_all=False)
            _check_multipliers(margins, multipliers, all_positive=False)
        case Overlap(multipliers, rank):
            _check_multipliers(margins, multipliers, all_positive=True)
            if rank != fmpq_mat(margins).rank():
                raise ValueError(f"the rank of the rows is {fmpq_mat(margins).rank()}, not {rank}")


def _check_theta(margins: list[Vector], certificate: Numbers, *, strict_on_all: bool) -> None:
    theta = rational_vector(certificate)
    if len(theta) != len(margins[0]):
        raise ValueError(f"theta has {len(theta)} entries, the rows have {len(margins[0])}")
    values = [dot(margin, theta) for margin in margins]
    for i, value in enumerate(values):
        if value < 0 or (strict_on_all and value == 0):
            raise ValueError(f"row {i} has margin {value}")
    if not any(values):
        raise ValueError("theta has margin 0 on every row")


def _check_multipliers(margins: list[Vector], certificate: Numbers, *, all_positive: bool) -> None:
    multipliers = rational_vector(certificate)
    if len(multipliers) != len(margins):
        raise ValueError(f"{len(multipliers)} multipliers for {len(margins)} rows")
    for i, multiplier in enumerate(multipliers):
        if multiplier < 0 or (all_positive and multiplier == 0):
            raise ValueError(f"row {i} has multiplier {multiplier}")
    if not any(multipliers):
        raise ValueError("every multiplier is 0")
    for j, column in enumerate(zip(*margins, strict=True)):
        if dot(multipliers, column) != 0:
            raise ValueError(f"the weighted rows add up to {dot(multipliers, column)} in column {j}, not to 0")


def _separate(margins: list[Vector]) -> Separation:
    """Separate what rows we can; of those left, again; until all are separated or the rest carries multipliers."""
    theta = [ZERO] * len(margins[0])
    left = list(range(len(margins)))
    while left:
        found = _improve([margins[i] for i in left])
        if isinstance(found, Optimum):
            weights = dict(zip(left, found.point, strict=True))
            multipliers = integer_multiple([1 + weights[i] if i in weights else ZERO for i in range(len(margins))])
            if len(left) == len(margins):
                return Overlap(tuple(multipliers), fmpq_mat(margins).rank())
            return QuasiSeparation(tuple(theta), tuple(multipliers))
        theta = _dominate(margins, theta, found.equal_multipliers)
        left = [i for i in left if not dot(margins[i], theta)]
    return CompleteSeparation(tuple(theta))


def _improve(margins: list[Vector]) -> Optimum | Infeasible:
    """A point mu >= 0 with sum_i (1 + mu_i) m_i = 0; or no such point, and then by Farkas' lemma the multipliers of
    the equations are a theta with all m_i.theta >= 0 and their sum positive."""
    equations = [list(column) for column in zip(*margins, strict=True)]
    outcome = maximise([0] * len(margins), A_eq=equations, b_eq=[-sum(equation, ZERO) for equation in equations])
    if isinstance(outcome, Unbounded):
        raise AssertionError("the objective 0 is bounded")
    return outcome


def _dominate(margins: list[Vector], theta: Vector, step: Numbers) -> Vector:
    """factor * theta + step, in integers, the factor so large that every row strict under theta stays strict."""
    values = [(dot(margin, theta), dot(margin, step)) for margin in margins]
    factor = max((-new / old for old, new in values if old > 0), default=ZERO)
    weight = max(int(factor.floor()), 0) + 1
    return integer_multiple([weight * old + new for old, new in zip(theta, step, strict=True)])


def _margins(rows: Any) -> list[Vector]:
    margins = rational_rows(rows)
    if not margins:
        raise ValueError("no rows to separate")
    return margins
