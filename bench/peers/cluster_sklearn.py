# SPDX-License-Identifier: MIT
#
# cluster_sklearn.py - k-means of scikit-learn, from given centres.
"""Usage: cluster_sklearn.py FOLDER THREADS lloyd|elkan; the environment says
how many threads there are."""

import sys
import warnings

import sklearn
from sklearn.cluster import KMeans

from cluster_peer import load, serve, timed

folder, algorithm = sys.argv[1], sys.argv[3]
x, centres = load(folder, "features"), load(folder, "centres")


def kmeans(iterations):
    warnings.simplefilter("ignore")  # that it has not converged
    fit = KMeans(len(centres), init=centres, n_init=1, max_iter=iterations,
                 tol=0, algorithm=algorithm)
    seconds, fit = timed(fit.fit, x)
    return seconds / fit.n_iter_, fit.cluster_centers_


serve("scikit-learn " + sklearn.__version__, {"kmeans": kmeans})
