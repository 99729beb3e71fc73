"""How fast, against what: ratios of pairs measured side by side in one run. See docs/benchmarks.md."""
