# SPDX-License-Identifier: MIT
#
# cluster_faiss.py - k-means of faiss from given centres, of all rows, and
# its exact index of inner products.
"""Usage: cluster_faiss.py FOLDER THREADS"""

import sys

import faiss
import numpy

from cluster_peer import load, serve, timed

GROUP = 8192  # rows that are searched for, as in cedm

folder, threads = sys.argv[1], int(sys.argv[2])
faiss.omp_set_num_threads(threads)
x, centres = load(folder, "features"), load(folder, "centres")


def kmeans(iterations):
    fit = faiss.Kmeans(x.shape[1], len(centres), niter=iterations,
                       max_points_per_centroid=len(x))
    seconds, _ = timed(lambda: fit.train(x, init_centroids=centres))
    return seconds / iterations, fit.centroids


def neighbours(k):
    """Rows are made unit ones, and their own first place is left out."""
    unit = x.copy()
    faiss.normalize_L2(unit)
    index = faiss.IndexFlatIP(unit.shape[1])
    index.add(unit)
    found = index.search(unit[:GROUP], k + 1)[1]
    others = found != numpy.arange(GROUP)[:, None]
    others[others.all(axis=1), -1] = False
    return found[others].reshape(GROUP, k).astype(numpy.int32)


serve("faiss-cpu " + faiss.__version__,
      {"kmeans": kmeans, "knn": lambda k: timed(neighbours, k)})
