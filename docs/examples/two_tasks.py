# %% [markdown]
# # Two tasks, three engines
#
# A student learns two tasks of similarity 0.5, one after the other. The equations of the limit of infinitely
# many inputs, a simulated network, and exact samples of the distribution of such networks agree.

# %%
import tempfile

import numpy as np
import seaborn

import teacherstudent as ts

spec = {
    "inputs": {"dimension": 500},
    "teachers": {
        "count": 2,
        "hidden": 1,
        "features": {"relation": "rotated", "similarity": 0.5},
        "readouts": {"norm": 1.0},
    },
    "student": {"hidden": 2},
    "training": {"learning_rate": 1.0},
    "curriculum": {"switch_times": [60.0]},
    "duration": 120.0,
    "record": {"count": 121},
}
theory = ts.run(spec, engine="ode", seed=5)
network = ts.run(spec, engine="network", seed=5)

# %% [markdown]
# Both start from the same networks, so that points lie on the lines.

# %%
ts.plotting.plot_runs([theory, network])

# %% [markdown]
# Runs are saved to files and read again. `start` continues them: here the student returns to the first
# task.

# %%
folder = tempfile.mkdtemp()
network.save(f"{folder}/network.h5")
stored = ts.read_run(f"{folder}/network.h5")
longer = spec | {"curriculum": {"switch_times": [60.0, 120.0]}, "duration": 180.0}
again = ts.run(longer, engine="ode", start=f"{folder}/network.h5", progress=True)
before, after = stored.generalisation_error[-1, 0], again.generalisation_error[-1, 0]
print(f"error of the first task {before:.1e}, then {after:.1e}")

# %% [markdown]
# Forgetting is the growth of the first error since the switch, in decades; transfer the fall of the second.

# %%
errors = theory.generalisation_error
forgotten = ts.measures.forgetting(theory.time, errors[:, 0], switch=60.0)
gained = ts.measures.transfer(theory.time, errors[:, 1], switch=60.0)
print(f"forgetting {forgotten:.2f}, transfer {gained:.2f} decades")
assert forgotten > 0.5 and gained > 0.5

# %% [markdown]
# How much of this is chance? The chain draws many students at once, at a cost that does not depend on the
# number of inputs.

# %%
students = ts.run(spec, engine="chain", seed=0, runs=100)
spread = ts.measures.forgetting(students.time, students.generalisation_error[..., 0], switch=60.0)
print(f"forgetting of 100 students: {np.mean(spread):.2f} +- {np.std(spread):.2f}")

# %% [markdown]
# As a table with one number in each row, runs can be plotted with seaborn: the median over students, and a
# band from the 10 % to the 90 % quantile.

# %%
errors = students.to_frame("generalisation_error")
grid = seaborn.relplot(
    errors,
    x="time",
    y="value",
    hue="teacher",
    kind="line",
    estimator="median",
    errorbar=("pi", 80),
    aspect=1.6,
)
grid.set(yscale="log", xlabel="time (steps / N)", ylabel="generalisation error")
grid.figure

# %% [markdown]
# As an xarray dataset, axes have names:

# %%
dataset = students.to_xarray()
dataset.generalisation_error.median("run").sel(teacher=0)[-1].item()
