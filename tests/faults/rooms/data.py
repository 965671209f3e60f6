"""Faults in the data: splits, scales, order, augmentation, decoding, the decoded copy."""

from tests.faults.fault import Fault, Room

ROOM = Room(
    name="data",
    quick=(
        "tests/engine/data/test_split.py",
        "tests/engine/data/test_batches.py",
        "tests/engine/data/test_augment.py",
        "tests/engine/data/files/test_array_writer.py",
        "tests/engine/data/files/test_pixels.py",
    ),
    rest=(
        "tests/engine/data",
        "tests/contracts/test_data_sources.py",
    ),
    faults=(
        Fault(
            name="held-out-images-are-trained-on",
            file="engine/data/split.py",
            text="return np.sort(order[size:]), np.sort(order[:size])",
            faulty="return np.sort(order[: images - size]), np.sort(order[:size])",
            breaks="The held-out part overlaps with what is trained on.",
        ),
        Fault(
            name="scale-per-pixel",
            file="engine/data/files/array_writer.py",
            text="float(np.sqrt(np.mean(self._squares / images - np.square(mean)).clip(0)))",
            faulty="float(np.mean(np.sqrt((self._squares / images - np.square(mean)).clip(0))))",
            breaks="The set's scale is the mean of the pixels' deviations, not the deviation of all pixels.",
        ),
        Fault(
            name="small-classes-untested",
            file="engine/data/files/folder.py",
            text="apart = test is None and held_out(position, len(images))",
            faulty="apart = test is None and held_out(position, 6)",
            breaks="A class of fewer than six pictures has no test picture at all.",
        ),
        Fault(
            name="every-epoch-alike",
            file="engine/data/batches.py",
            text="np.random.default_rng([seed, _TAG, epoch])",
            faulty="np.random.default_rng([seed, _TAG])",
            breaks="Every epoch goes through the images in the same order.",
        ),
        Fault(
            name="crops-off-centre",
            file="engine/data/augment.py",
            text=".integers(0, 2 * crop + 1, (batch_size, 2))",
            faulty=".integers(0, max(1, 2 * crop), (batch_size, 2))",
            breaks="Images are never shifted all the way to one side, so crops lie off the centre on average.",
        ),
        Fault(
            name="pooled-pixels-cut-off",
            file="engine/data/files/cache.py",
            text="np.rint(tiles.mean(axis=(3, 5), dtype=np.float32)).astype(np.uint8)",
            faulty="tiles.mean(axis=(3, 5), dtype=np.float32).astype(np.uint8)",
            breaks="Averaged images are darker by half a level: rounded down instead of to the nearest.",
        ),
        Fault(
            name="square-from-the-corner",
            file="engine/data/files/pixels.py",
            text="Image.Resampling.BILINEAR)",
            faulty="Image.Resampling.BILINEAR, centering=(0, 0))",
            breaks="Of an oblong picture the left or upper part is taken, not the middle.",
        ),
        Fault(
            name="damaged-copy-is-used",
            file="engine/data/files/cache.py",
            text="if small and digest(arrays[name]) != digested:",
            faulty="if small and not len(arrays[name]):",
            breaks="A decoded copy whose bytes changed on the disk is trained on.",
        ),
        Fault(
            name="pixels-of-other-images",
            file="engine/data/images.py",
            text="pixels = self.pixels[on_host if self.chosen is None else self.chosen[on_host]]",
            faulty="pixels = self.pixels[on_host]",
            breaks="With images held out of a set that stays on the disk, labels come with other images' pixels.",
            added_late=True,
        ),
        Fault(
            name="names-in-another-order",
            file="engine/data/files/parquet.py",
            text="own_classes = [(own or names)[label] if names",
            faulty="own_classes = [names[label] if names",
            breaks="Images of a Parquet file that lists its classes otherwise than the first get wrong labels.",
            added_late=True,
        ),
    ),
)
