"""Somebody's own network: what it is, what it is made of, and which of the book's claims hold of it.

`models` takes networks as libraries make them, `anatomy` finds their hidden layers, `claims` has a row for each claim,
and `checking` asks them all.
"""
