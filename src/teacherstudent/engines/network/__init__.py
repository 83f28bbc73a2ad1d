"""Engine `network`: stochastic gradient descent of all weights, with sampled inputs."""
