"""netprops: claims about loss landscapes as properties, and questions about JAX functions answered with evidence.

Everything here is re-exported, and imported only when it is used: pytest loads this package in every project of an
environment that has it (the plugin), where it must cost nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netprops.certificates.checking import Recheck, recheck
    from netprops.claims import CONDITIONAL, HOLDS, REFUTED, Claim, ClaimError, claim
    from netprops.domains import Box, DomainError, box, nonnegative, ordered_cone, positive, reals
    from netprops.evidence import Table, UndecidedError, Verdict
    from netprops.networks.checking import NetworkReport, check_network
    from netprops.networks.claims import Finding
    from netprops.objects.activations import opaque
    from netprops.objects.angles import pi
    from netprops.questions.agreement import agree_in_floats
    from netprops.questions.all_critical_points import has_critical_points
    from netprops.questions.at_points import has_curvature, has_inertia, is_critical, is_higher, violates_jensen
    from netprops.questions.census import Census
    from netprops.questions.contraction import stays_in
    from netprops.questions.copositivity import is_copositive
    from netprops.questions.counts import is_compatible
    from netprops.questions.critical import (
        has_critical_point,
        is_saddle,
        is_strict_maximum,
        is_strict_minimum,
    )
    from netprops.questions.descent import (
        descends_to,
        has_sufficient_decrease,
        is_basin,
        is_short_step,
        next_point,
        short_step,
    )
    from netprops.questions.equality import are_equal
    from netprops.questions.explaining import Explanation, explain
    from netprops.questions.frequencies import is_rarer, is_share_above, is_share_below, runs
    from netprops.questions.gradients import gradients_agree, is_gradient_of
    from netprops.questions.landscape import agrees_with_library, no_worse_minimum
    from netprops.questions.minima import are_distinct_minima, is_higher_at_minimum, is_worse_minimum
    from netprops.questions.orbits import has_orbit
    from netprops.questions.order import is_nondecreasing, is_nonincreasing, is_positive, no_counterexample
    from netprops.questions.separation import is_separable
    from netprops.questions.shape import (
        Curvature,
        curvature,
        is_affine,
        is_concave,
        is_constant,
        is_convex,
        is_quasiconcave,
        is_quasiconvex,
        is_strictly_convex,
    )
    from netprops.questions.spreads import is_spread_smaller, pairs
    from netprops.readings.jaxpr import NotAFunctionError, UnsupportedError

_HOME = {
    "netprops.certificates.checking": ("Recheck", "recheck"),
    "netprops.claims": ("CONDITIONAL", "HOLDS", "REFUTED", "Claim", "ClaimError", "claim"),
    "netprops.domains": ("Box", "DomainError", "box", "nonnegative", "ordered_cone", "positive", "reals"),
    "netprops.evidence": ("Table", "UndecidedError", "Verdict"),
    "netprops.networks.checking": ("NetworkReport", "check_network"),
    "netprops.networks.claims": ("Finding",),
    "netprops.objects.activations": ("opaque",),
    "netprops.objects.angles": ("pi",),
    "netprops.questions.agreement": ("agree_in_floats",),
    "netprops.questions.all_critical_points": ("has_critical_points",),
    "netprops.questions.at_points": (
        "has_curvature", "has_inertia", "is_critical", "is_higher", "violates_jensen",
    ),
    "netprops.questions.census": ("Census",),
    "netprops.questions.contraction": ("stays_in",),
    "netprops.questions.copositivity": ("is_copositive",),
    "netprops.questions.critical": ("has_critical_point", "is_saddle", "is_strict_maximum", "is_strict_minimum"),
    "netprops.questions.counts": ("is_compatible",),
    "netprops.questions.descent": (
        "descends_to", "has_sufficient_decrease", "is_basin", "is_short_step", "next_point", "short_step",
    ),
    "netprops.questions.equality": ("are_equal",),
    "netprops.questions.explaining": ("Explanation", "explain"),
    "netprops.questions.frequencies": ("is_rarer", "is_share_above", "is_share_below", "runs"),
    "netprops.questions.gradients": ("gradients_agree", "is_gradient_of"),
    "netprops.questions.landscape": ("agrees_with_library", "no_worse_minimum"),
    "netprops.questions.minima": ("are_distinct_minima", "is_higher_at_minimum", "is_worse_minimum"),
    "netprops.questions.orbits": ("has_orbit",),
    "netprops.questions.order": ("is_nondecreasing", "is_nonincreasing", "is_positive", "no_counterexample"),
    "netprops.questions.separation": ("is_separable",),
    "netprops.questions.shape": (
        "Curvature", "curvature", "is_affine", "is_concave", "is_constant", "is_convex", "is_quasiconcave",
        "is_quasiconvex", "is_strictly_convex",
    ),
    "netprops.questions.spreads": ("is_spread_smaller", "pairs"),
    "netprops.readings.jaxpr": ("NotAFunctionError", "UnsupportedError"),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _HOME.items() for name in names}

__all__ = [
    "CONDITIONAL", "HOLDS", "REFUTED", "Box", "Census", "Claim", "ClaimError", "Curvature", "DomainError",
    "Explanation", "Finding", "NetworkReport", "NotAFunctionError", "Recheck", "Table", "UndecidedError",
    "UnsupportedError", "Verdict", "agree_in_floats", "agrees_with_library", "are_distinct_minima", "are_equal",
    "box", "check_network", "claim", "curvature", "descends_to", "explain", "gradients_agree", "has_critical_point",
    "has_critical_points", "has_curvature", "has_inertia", "has_orbit", "has_sufficient_decrease", "is_affine",
    "is_basin", "is_compatible", "is_concave", "is_constant", "is_convex", "is_copositive", "is_critical",
    "is_gradient_of", "is_higher", "is_higher_at_minimum", "is_nondecreasing", "is_nonincreasing", "is_positive",
    "is_quasiconcave", "is_quasiconvex", "is_rarer", "is_saddle", "is_separable", "is_share_above",
    "is_share_below", "is_short_step", "is_spread_smaller", "is_strict_maximum", "is_strict_minimum",
    "is_strictly_convex", "is_worse_minimum", "next_point", "no_counterexample", "no_worse_minimum", "nonnegative",
    "opaque", "ordered_cone", "pairs", "pi", "positive", "reals", "recheck", "runs", "short_step", "stays_in",
    "violates_jensen",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module 'netprops' has no attribute {name!r}")
    return getattr(importlib.import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return __all__
