# SPDX-License-Identifier: MIT
"""Sample images from frozen cluster-conditioned diffusion models.

    import cedm
    with cedm.load("fashion") as model:
        images = model.sample(cluster=5, n=64, nfe=10)   # uint8 [64][32][32][1]

Results are buffers: numpy.asarray(images) views one without a copy, bytes(images)
copies it.  Neither NumPy nor a compiler is needed.  Images are those of cedm-gen, bit
for bit, for any number of threads.
"""

from cedm._library import Error, version as _version
from cedm._model import Model, Step, load

__all__ = ["Error", "Model", "Step", "load"]
__version__ = _version
