"""A module of another project, typed, which uses netprops as its users do."""

from netprops import Verdict, is_convex, reals


def convex_in_the_prediction(target: float) -> Verdict:
    return is_convex(lambda prediction: (prediction - target) ** 2, on=reals())


answer: str = convex_in_the_prediction(2.0).answer
