"""Data sets that specs may name: none is made before an experiment needs it or its rule is asked for.

What the library does for these scripts, to write files whole, cannot change their bytes: no digest of its code makes
them, and all that is computed from them, anew.
"""


rule dataset_digits:
    """Write the 1797 handwritten digits of 8 x 8 pixels that come with scikit-learn."""
    output:
        f"{DATASETS}/digits.npz",
    log:
        "results/logs/datasets/digits.log",
    localrule: True
    conda:
        ENVIRONMENT
    message:
        "Write the digits"
    script:
        "../scripts/write_digits.py"


for collection, (source, digests) in COLLECTIONS.items():

    rule:
        """Download a collection of images; the files appear when their SHA-256 is the known one."""
        name:
            f"fetch_{collection}"
        output:
            [f"{DATASETS}/{collection}/{file}" for file in digests],
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
