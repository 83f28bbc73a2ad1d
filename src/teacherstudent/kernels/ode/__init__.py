"""Kernels of the engine `ode`, and its integrator."""
