"""Fixtures of several test modules."""

import sys

import pytest
from projects import Project


@pytest.fixture
def project(pytester, monkeypatch):
    # A module that is written anew within the same second, at the same length, must not be taken from a cache.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    pytester.makeini("[pytest]\naddopts = --strict-markers --strict-config\nfilterwarnings = error\n")
    (pytester.path / "specs").mkdir()
    return Project(pytester)
