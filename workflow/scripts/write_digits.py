"""Write the handwritten digits of scikit-learn as a data set, with the same bytes each time."""

import numpy as np
from sklearn.datasets import load_digits

from _logs import logged
from teacherstudent.files.writing import whole_file


def main(path: str) -> None:
    """Write images (1797, 8, 8) with values from 0 to 16, and their classes, to an .npz file."""
    digits = load_digits()
    arrays = {"images": digits.images.astype(np.uint8), "targets": digits.target.astype(np.uint8)}
    with whole_file(path) as temporary, temporary.open("wb") as file:
        np.savez(file, **arrays)


if __name__ == "__main__":
    with logged(snakemake.log[0]):
        main(snakemake.output[0])
