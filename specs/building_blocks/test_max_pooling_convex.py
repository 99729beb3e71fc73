"""Max-pooling is convex in its input, and non-decreasing: every output is a maximum of inputs."""

from hypothesis import given

from netprops import HOLDS, claim, is_affine, is_convex, is_nondecreasing, reals
from netprops.objects.pooling import Pooling
from netprops.strategies import poolings

CLAIM = claim("max-pooling-convex", source="D1.A5", verdict=HOLDS)
PAIR = Pooling(size=(2,), window=(2,), stride=(1,), padding=((0, 0),))


@CLAIM
@given(pool=poolings())
def test_max_pooling(pool):
    assert is_convex(pool.largest, on=pool.domain)
    assert is_nondecreasing(pool.largest, on=pool.domain)


@CLAIM
@given(pool=poolings(largest=3))
def test_min_pooling_where_it_has_a_choice(pool):
    for output, covered in pool.covered().items():
        convex = is_convex(lambda x, output=output: pool.smallest(x)[output], on=pool.domain)
        assert bool(convex) == (len(covered) == 1)


@CLAIM
@given(pool=poolings())
def test_average_pooling(pool):
    assert is_affine(pool.average, on=pool.domain)


@CLAIM
def test_pooling_of_a_pair():
    assert not is_convex(PAIR.smallest, on=reals(2))
    assert not is_affine(PAIR.largest, on=reals(2))
    assert not is_nondecreasing(lambda x: -PAIR.largest(x), on=reals(2))
