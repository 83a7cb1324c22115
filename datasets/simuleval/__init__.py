"""SimulEval's source and target lists."""
