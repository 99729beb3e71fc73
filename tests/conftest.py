"""Fixtures of several test modules."""

import pytest
from projects import Project


@pytest.fixture
def project(pytester):
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    (pytester.path / "specs").mkdir()
    return Project(pytester)
