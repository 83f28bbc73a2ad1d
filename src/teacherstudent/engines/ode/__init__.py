"""Engine `ode`: the limit of infinitely many inputs."""
