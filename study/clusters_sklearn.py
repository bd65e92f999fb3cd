# SPDX-License-Identifier: MIT
"""clusters_sklearn.py FEATURES.npy CLUSTERS SEED IDS.npy - one run of
scikit-learn's k-means, to be compared with."""

import sys

import numpy
from sklearn.cluster import KMeans

features, clusters, seed, ids = sys.argv[1:]
fit = KMeans(int(clusters), n_init=1, random_state=int(seed))
numpy.save(ids, fit.fit_predict(numpy.load(features)).astype(numpy.int32))
