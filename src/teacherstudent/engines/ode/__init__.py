"""Engine `ode`: the equations of the limit of infinitely many inputs."""
