"""Decisions over the rational numbers: inertia, linear programs, real roots.  No tolerances; certificates throughout.

The modules stand alone: nothing here imports from the rest of the package.
"""
