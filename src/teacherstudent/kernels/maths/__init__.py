"""Special functions, activations, Gaussian integrals and random numbers, shared by all engines."""
