"""Fixed subsets of a split, with classes in equal numbers: which images, by the labels alone.

One order of all images decides: in turn one image of each class, as long as the class has any. A subset is a beginning
of that order, so a larger one contains a smaller one, and no seed has a say in it.
"""

import numpy as np


def balanced(labels: np.ndarray, size: int) -> np.ndarray:
    """Return the indices of ``size`` images, ascending, int64; all of them if there are fewer.

    Args:
        labels: the class of each image, integers (N,).
        size: a class has size / classes images, one more where that is no whole number. A class with fewer images has
            all of them, and the others share the rest.
    """
    shuffled = np.random.default_rng(0).permutation(len(labels))
    classes = labels[shuffled]
    by_class = np.argsort(classes, kind="stable")
    _, counts = np.unique(classes, return_counts=True)
    turns = np.empty(len(labels), np.int64)
    turns[by_class] = np.concatenate([np.arange(count) for count in counts]) if len(counts) else []
    chosen = shuffled[np.argsort(turns, kind="stable")[:size]]
    return np.sort(chosen)
