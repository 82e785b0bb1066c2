"""Long proofs that are programs of their own; `make proof` runs them through their tests."""
