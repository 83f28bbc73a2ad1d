import depth

# Files of tests that take longest, in this order: they start first, so that all workers end together.
LONGEST = (
    "faults/test_kills.py",
    "kernels/test_first_run.py",
    "test_user_environment.py",
)


def pytest_addoption(parser):
    parser.addoption(depth.OPTION, action="store_true", help="all repetitions of random faults")


def pytest_configure(config):
    depth.everything = config.getoption(depth.OPTION)


def pytest_collection_modifyitems(config, items):
    root = config.rootpath / "tests"
    rank = {root / name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
