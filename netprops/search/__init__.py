"""Float searches for counterexamples, and the polishing of what they find.  Floats propose; nothing here decides."""
