"""Answers as JSON records, and a checker for them that knows neither the prover nor the search."""
