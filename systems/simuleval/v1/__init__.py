"""Agents written for SimulEval 1.0, whose interface 1.1 gave up."""
