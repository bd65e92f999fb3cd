# SPDX-License-Identifier: MIT
#
# fashion.bash - Fashion-MNIST, the budget and what its runs share, for
# steps.bash and points.bash.
from=${FASHION:-/usr/share/datasets/fashion-mnist}
data=$from/train-images-idx3-ubyte.gz
kimg=${KIMG:-100}
preset="--preset fashion --tick $((kimg / 4)) --snap 1"
samples=${SAMPLES:-10000}
evaluations=10
shape='32 1'
unconditional=none-s0-$kimg-0
judge=frozen/judge-s1000-$kimg
