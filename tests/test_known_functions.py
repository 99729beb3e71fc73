"""The curvature of functions that textbooks know: the right name, and a certificate that the checker accepts."""

import json

import pytest
from known_functions import KNOWN

from netprops import curvature, recheck
from netprops.questions import asking, shape


def test_the_table_has_every_name_and_none_twice():
    names = [known.name for known in KNOWN]
    assert len(set(names)) == len(names) >= 100
    assert {known.curvature for known in KNOWN} == {"affine", "convex", "concave", "neither"}
    assert all(known.why for known in KNOWN)


@pytest.mark.parametrize("known", KNOWN, ids=[known.name for known in KNOWN])
def test_the_curvature_is_found_and_its_certificate_accepted(known):
    found = curvature(known.f, known.on)
    assert found.name == known.curvature, f"{known.why}\n{found}"
    assert recheck(json.loads(json.dumps(found.certificate)), known.f)


@pytest.mark.parametrize("known", KNOWN[::4], ids=[known.name for known in KNOWN[::4]])
def test_a_large_program_is_answered_alike(known, monkeypatch):
    """As if each had thousands of operations: affine values and a search come before any normal form."""
    monkeypatch.setattr(shape, "LARGE", 0)
    monkeypatch.setattr(asking, "_answers", {})
    found = curvature(known.f, known.on)
    assert found.name == known.curvature, f"{known.why}\n{found}"
    assert recheck(json.loads(json.dumps(found.certificate)), known.f)


def test_a_certificate_of_one_function_is_refused_for_another():
    first, *others = KNOWN
    certificate = curvature(first.f, first.on).certificate
    same_domain = [known.f for known in others if known.on == first.on]
    assert same_domain
    assert not any(recheck(certificate, f) for f in same_domain)
