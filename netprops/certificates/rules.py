"""All rules of the checker, by name; the modules enter theirs as they are imported."""

from netprops.certificates import families, functions, one_form, order, powers, quasi, sums
from netprops.certificates.goals import RULES

MODULES = (families, functions, one_form, order, powers, quasi, sums)

__all__ = ["MODULES", "RULES"]
