import depth


def pytest_addoption(parser):
    parser.addoption(depth.OPTION, action="store_true", help="all tests and all repetitions of random faults")


def pytest_configure(config):
    depth.everything = config.getoption(depth.OPTION)


def pytest_collection_modifyitems(config, items):
    root = config.rootpath / "tests"
    rank = {root / name: number for number, name in enumerate(depth.LONGEST)}
    items.sort(key=lambda item: rank.get(item.path, len(rank)))
    if not depth.everything:
        left_out = [item for item in items if "thorough" in item.keywords]
        items[:] = [item for item in items if "thorough" not in item.keywords]
        config.hook.pytest_deselected(items=left_out)
