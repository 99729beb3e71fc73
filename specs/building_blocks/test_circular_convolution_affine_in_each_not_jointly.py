"""Circular convolution h*x is affine in h and in x, and not convex in both; of single numbers it is xy."""

from netprops import HOLDS, are_equal, claim, is_affine, is_convex, reals
from netprops.objects.convolutions import CIRCULAR, by_gather

CLAIM = claim("circular-convolution-affine-in-each-not-jointly", source="D1.A5", verdict=HOLDS)
LENGTHS = range(1, 17)


@CLAIM
def test_affine_in_each():
    for n in LENGTHS:
        for convolve in CIRCULAR.values():
            assert is_affine(lambda h, x, convolve=convolve: convolve(h, x), on=reals(n), for_all=reals(n))
            assert is_affine(lambda x, h, convolve=convolve: convolve(h, x), on=reals(n), for_all=reals(n))


@CLAIM
def test_not_jointly_convex():
    for n in LENGTHS:
        for convolve in CIRCULAR.values():
            assert not is_convex(lambda p, convolve=convolve: convolve(*p), on=(reals(n), reals(n)))
    assert is_convex(lambda p: p[0] + p[1], on=(reals(2), reals(2)))


@CLAIM
def test_all_ways_of_writing_it_are_one_function():
    for n in LENGTHS:
        for convolve in CIRCULAR.values():
            assert are_equal(convolve, by_gather, on=(reals(n), reals(n)))


@CLAIM
def test_of_single_numbers_it_is_their_product():
    for convolve in CIRCULAR.values():
        assert are_equal(convolve, lambda h, x: h * x, on=(reals(1), reals(1)))
        assert not are_equal(convolve, lambda h, x: h * x, on=(reals(2), reals(2)))


@CLAIM
def test_with_itself_it_is_not_affine():
    for n in LENGTHS:
        for convolve in CIRCULAR.values():
            assert not is_affine(lambda h, convolve=convolve: convolve(h, h), on=reals(n))
