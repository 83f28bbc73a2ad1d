"""Second moments of the inputs of a task and of the fields of its teacher."""

from typing import NamedTuple

import numpy as np

from teacherstudent.networks.linear_algebra import one_thread


class Law(NamedTuple):
    """Second moments of the inputs x of a task, with the fields nu_m of its teacher.

    The covariance of the inputs is Omega = loadings loadings^T + diag(rest).
    """

    loadings: np.ndarray  # (N, L); L = 0 where Omega is diagonal
    rest: np.ndarray  # (N,) >= 0
    fields: np.ndarray  # (M, N) g_m = sqrt N <nu_m x>
    T: np.ndarray  # (M, M) covariance of the fields

    @one_thread()
    def times_covariance(self, rows: np.ndarray) -> np.ndarray:
        """Return rows (K, N) times Omega."""
        return (rows @ self.loadings) @ self.loadings.T + rows * self.rest

    @one_thread()
    def overlaps(self, W: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the covariances of student fields, and of student and teacher fields.

        Parameters
        ----------
        W : (K, N) array
            First layer of a student.

        Returns
        -------
        Q : (K, K) array
            W Omega W^T / N.
        R : (K, M) array
            w_k.g_m / N.
        """
        N, projected = W.shape[1], W @ self.loadings
        Q = (projected @ projected.T + (W * self.rest) @ W.T) / N
        return Q, W @ self.fields.T / N

    def moments_of_spectrum(self) -> tuple[float, float]:
        """Return tr Omega / N and tr Omega^2 / N."""
        N, squares = len(self.rest), (self.loadings**2).sum(axis=1)
        first = self.rest.sum() + squares.sum()
        gram = self.loadings.T @ self.loadings
        second = (gram**2).sum() + 2.0 * (squares * self.rest).sum() + (self.rest**2).sum()
        return float(first / N), float(second / N)

    def effective_dimension(self) -> float:
        """Return N_eff = (tr Omega)^2 / tr(Omega^2), the effective number of inputs."""
        first, second = self.moments_of_spectrum()
        return len(self.rest) * first**2 / second

    @one_thread()
    def largest_eigenvalue(self) -> float:
        """Return the largest eigenvalue of Omega; where there are loadings, the rest must be uniform."""
        if not self.loadings.shape[1]:
            return float(self.rest.max())
        return float(np.linalg.norm(self.loadings, 2) ** 2 + self.rest[0])
