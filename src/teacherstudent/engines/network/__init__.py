"""Engine `network`: the weights themselves, trained on sampled inputs."""
