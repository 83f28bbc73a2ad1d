"""Engine `network`: stochastic gradient descent with sampled inputs."""
