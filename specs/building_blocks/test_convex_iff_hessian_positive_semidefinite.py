"""Convex means that the Hessian is positive semidefinite everywhere, concave that it is negative semidefinite; a
matrix, and so a function, may be neither.

For C2 functions the two ways of failing come to the same.  Where f curves downwards, it lies above its chord over a
short segment.  Where f lies above a chord, it does so on the left, the middle or the right half of it, no less
strongly; halving on leads to a point where f curves downwards along it.
"""

from hypothesis import given

from netprops import HOLDS, claim, has_curvature, is_concave, is_convex, violates_jensen
from netprops.strategies import bulging_segments, downward_bends, quadratic_forms

CLAIM = claim("convex-iff-hessian-positive-semidefinite", source="D1.A1", verdict=HOLDS)


@CLAIM
@given(form=quadratic_forms())
def test_the_inertia_decides(form):
    positive, negative, _ = form.inertia
    assert bool(is_convex(form, on=form.domain)) == (negative == 0)
    assert bool(is_concave(form, on=form.domain)) == (positive == 0)


@CLAIM
@given(semidefinite=quadratic_forms(signs=(1, 0)), indefinite=quadratic_forms(having=(1, -1)))
def test_both_verdicts_occur(semidefinite, indefinite):
    assert is_convex(semidefinite, on=semidefinite.domain)
    assert is_concave(lambda x: -semidefinite(x), on=semidefinite.domain)
    assert not is_convex(indefinite, on=indefinite.domain)
    assert not is_concave(indefinite, on=indefinite.domain)


@CLAIM
@given(bend=downward_bends())
def test_where_f_curves_downwards_a_short_chord_lies_below(bend):
    assert has_curvature(bend.f, at=bend.middle, along=bend.along, sign=-1)
    assert any(violates_jensen(short.f, short.a, short.b) for short in bend.shrinking())
    assert not has_curvature(-bend.f, at=bend.middle, along=bend.along, sign=-1)


@CLAIM
@given(bulge=bulging_segments())
def test_over_a_chord_that_lies_below_f_curves_downwards(bulge):
    assert violates_jensen(bulge.f, bulge.a, bulge.b)
    assert any(has_curvature(half.f, at=half.middle, along=half.along, sign=-1) for half in bulge.halves())
    assert not violates_jensen(-bulge.f, bulge.a, bulge.b)
