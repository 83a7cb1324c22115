"""A parametric simulated interpreter whose every answer is known beforehand."""
