"""Shipped fakes of what lies outside of a worker, for simulations."""
