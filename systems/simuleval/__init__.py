"""SimulEval agents as systems."""
