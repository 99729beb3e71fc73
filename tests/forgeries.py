"""Certificates forged on purpose: parts replaced, and all checksums made to fit again."""

import copy
import json

from netprops import recheck
from netprops.certificates import records
from netprops.readings.cones import gaps_of, has_cone, of_gaps
from netprops.readings.jaxpr import trace


def through_json(certificate):
    """What a reader gets back of a certificate that was written to a file."""
    return json.loads(json.dumps(certificate))


def sealed(certificate, **parts):
    """A copy with these parts, and a checksum that fits."""
    made = {**certificate, **parts}
    return {**made, "checksum": records.checksum(made)}


def programs_of(domains, *functions):
    """The fingerprints of functions on these domains."""
    if any(map(has_cone, domains)):
        return [records.digest(trace(of_gaps(f, domains), *map(gaps_of, domains))) for f in functions]
    return [records.digest(trace(f, *domains)) for f in functions]


def about(certificate, domains, *functions, **parts):
    """The same answer for the same reasons, said of other functions on other domains."""
    told = [records.domain_to_json(on) for on in domains]
    return sealed(certificate, domains=told, programs=programs_of(domains, *functions), **parts)


def proved(question, steps, domains, *functions, decision=1):
    """A certificate of these steps, each ``(rule, premises, parameters)``."""
    made = {
        "format": records.FORMAT, "schema": records.SCHEMA, "netprops": "", "jax": "", "question": question,
        "answer": "yes", "evidence": "proved", "domains": [records.domain_to_json(on) for on in domains],
        "decision": decision, "programs": programs_of(domains, *functions),
        "steps": [
            {"rule": rule, "premises": list(premises), **({"parameters": parameters[0]} if parameters else {})}
            for rule, premises, *parameters in steps
        ],
    }  # fmt: skip
    return sealed(made)


def refusal(certificate, *functions, **options):
    """The step at which a certificate is refused, and why; fails if it is accepted."""
    found = recheck(certificate, *functions, **options)
    assert not found, f"accepted: {certificate}"
    assert not isinstance(found.because, Exception)
    assert found.because
    return found.step, found.because


def leaves(value, path=()):
    """The paths of all numbers, texts, truth values and nulls, and of all empty lists, in a JSON value."""
    if isinstance(value, dict | list) and value:
        items = value.items() if isinstance(value, dict) else enumerate(value)
        for key, inner in items:
            yield from leaves(inner, (*path, key))
    else:
        yield path


def at(value, path):
    """The part of a JSON value there."""
    for key in path:
        value = value[key]
    return value


def put(value, path, new):
    """A copy of a JSON value with another part there."""
    made = copy.deepcopy(value)
    at(made, path[:-1])[path[-1]] = new
    return made
