"""Kernels of the engine `network`."""
