import depth


def pytest_addoption(parser):
    parser.addoption(depth.OPTION, action="store_true", help="all repetitions of random faults")


def pytest_configure(config):
    depth.everything = config.getoption(depth.OPTION)


def pytest_collection_modifyitems(config, items):
    root = config.rootpath / "tests"
    rank = {root / name: number for number, name in enumerate(depth.LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
