"""Layouts of data sets as people publish them, made small: where their images lie, and what is right."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image
from pyarrow import parquet

from tests.engine.data.pictures import pixels, png, put


@dataclass(frozen=True)
class Published:
    """One data set.

    ``images`` are numbers of images by folder, ``files`` others by their path. ``classes``, ``train`` and ``test`` are
    what is right, ``said`` what is to be told; ``refused`` is what the one line says instead.
    """

    images: Mapping[str, int] = field(default_factory=dict)
    files: Mapping[str, bytes] = field(default_factory=dict)
    classes: tuple[str, ...] = ()
    train: int = 0
    test: int = 0
    said: str = ""
    refused: str = ""
    suffix: str = "png"
    write: Callable[[Path, int], object] = lambda path, seed: put(path, png(pixels(seed)))
    tables: Mapping[str, Any] = field(default_factory=dict)

    def build(self, root: Path) -> str:
        """Make it below ``root``; return its name as a data set."""
        seed = 0
        for folder, count in self.images.items():
            for i in range(count):
                seed += 1
                path = root / folder / f"{i:03}.{self.suffix}"
                path.parent.mkdir(parents=True, exist_ok=True)
                self.write(path, seed)
        for name, content in self.files.items():
            put(root / name, content)
        for name, table in self.tables.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            parquet.write_table(table, root / name)
        return f"{'parquet' if self.tables else 'folder'}:{root}"


def _rows(labels: Any, image: str = "image", label: str = "label", **more: Any) -> pa.Table:
    rows = [{"bytes": png(pixels(i)), "path": None} for i in range(len(labels))]
    structs = pa.array(rows, pa.struct({"bytes": pa.binary(), "path": pa.string()}))
    return pa.table({**{key: [value] * len(labels) for key, value in more.items()}, image: structs, label: labels})


def _plain(labels: Any, image: str, label: str) -> pa.Table:
    return pa.table({image: [png(pixels(i)) for i in range(len(labels))], label: labels})


def _twelve_bits(path: Path, seed: int) -> None:
    Image.fromarray((pixels(seed, channels=1).astype(np.uint16) * 16).clip(16, 4000)).save(path)


def _float(path: Path, seed: int) -> None:
    Image.fromarray((pixels(seed, channels=1) / np.float32(255)).astype(np.float32)).save(path)


def _as(kind: str) -> Callable[[Path, int], None]:
    return lambda path, seed: Image.fromarray(pixels(seed)).save(path, kind)


_CATEGORY = pa.array(["cat", "dog"] * 6).dictionary_encode()
_EVEN = [0, 1] * 6
_TINY = b"".join(b"%03d.JPEG\tn0%d\t0\t0\t7\t7\n" % (i, i % 2) for i in range(4))
#: The second column is a width, here the number of a class too: the first line tells the columns apart.
_GTSRB = b"Filename;Width;Height;Roi.X1;ClassId\n" + b"".join(b"%03d.ppm;1;30;6;%d\n" % (i, i % 2) for i in range(4))

#: By the name of the set, or of the place where many are like this.
FOLDERS = {
    "Brain Tumor MRI (Kaggle)": Published(
        {"Training/glioma": 4, "Training/notumor": 4, "Testing/glioma": 2, "Testing/notumor": 2},
        classes=("glioma", "notumor"), train=8, test=4, said="(from Testing)",
    ),
    "Intel Image Classification (Kaggle)": Published(
        {"seg_train/seg_train/sea": 4, "seg_train/seg_train/street": 4, "seg_test/seg_test/sea": 2,
         "seg_test/seg_test/street": 2, "seg_pred/seg_pred": 3},
        classes=("sea", "street"), train=8, test=4, said="3 images in other folders (seg_pred)",
    ),
    "Chest X-Ray Pneumonia (Kaggle)": Published(
        {f"chest_xray/{split}/{name}": n for split, n in (("train", 4), ("val", 1), ("test", 2)) for name in "NP"}
        | {"chest_xray/chest_xray/train/N": 4, "chest_xray/__MACOSX/x": 3},
        classes=("N", "P"), train=8, test=4, said="6 images in other folders (chest_xray/chest_xray, chest_xray/val)",
    ),
    "ASL Alphabet (Kaggle)": Published(
        {"asl_alphabet_train/asl_alphabet_train/A": 6, "asl_alphabet_train/asl_alphabet_train/del": 6,
         "asl_alphabet_test/asl_alphabet_test": 2},
        classes=("A", "del"), train=10, test=2, said="2 images in other folders (asl_alphabet_test)",
    ),
    "Cats and Dogs (Microsoft)": Published(
        {"PetImages/Cat": 120, "PetImages/Dog": 120}, {"PetImages/Cat/Thumbs.db": b"x", "PetImages/Dog/666.png": b"",
         "readme[1].txt": b"x"},
        classes=("Cat", "Dog"), train=201, test=40, said="1 files of the system (Thumbs.db)",
    ),
    "EuroSAT": Published(
        {"EuroSAT/2750/Forest": 6, "EuroSAT/2750/River": 6}, suffix="jpg", write=_as("JPEG"),
        classes=("Forest", "River"), train=10, test=2, said="(from EuroSAT/2750)",
    ),
    "UC Merced Land Use": Published(
        {"UCMerced_LandUse/Images/beach": 6, "UCMerced_LandUse/Images/forest": 6}, {"UCMerced_LandUse/readme.txt": b""},
        suffix="tif", write=_as("TIFF"), classes=("beach", "forest"), train=10, test=2,
    ),
    "flower_photos (TensorFlow)": Published(
        {"flower_photos/daisy": 6, "flower_photos/roses": 6}, {"flower_photos/LICENSE.txt": b""},
        classes=("daisy", "roses"), train=10, test=2,
    ),
    "hymenoptera_data (PyTorch)": Published(
        {"hymenoptera_data/train/ants": 4, "hymenoptera_data/train/bees": 4, "hymenoptera_data/val/ants": 2,
         "hymenoptera_data/val/bees": 2}, classes=("ants", "bees"), train=8, test=4, said="hymenoptera_data/val",
    ),
    "CINIC-10": Published(
        {f"{split}/{name}": n for split, n in (("train", 4), ("valid", 3), ("test", 2)) for name in ("bird", "ship")},
        classes=("bird", "ship"), train=8, test=4, said="6 images in other folders (valid)",
    ),
    "Imagenette (fast.ai)": Published(
        {f"imagenette2/{split}/{name}": n for split, n in (("train", 4), ("val", 2)) for name in ("n01", "n02")},
        {"imagenette2/noisy_imagenette.csv": b"path,label\n"}, suffix="JPEG", write=_as("JPEG"),
        classes=("n01", "n02"), train=8, test=4,
    ),
    "Fruits-360": Published(
        {"fruits-360/Training/Apple Red 1": 4, "fruits-360/Training/Banana": 4, "fruits-360/Test/Apple Red 1": 2,
         "fruits-360/Test/Banana": 2, "fruits-360/test-multiple_fruits": 3}, {"fruits-360/papers/a.pdf": b""},
        classes=("Apple Red 1", "Banana"), train=8, test=4, said="3 images in other folders",
    ),
    "GTSRB (Kaggle)": Published(
        {"Train/0": 6, "Train/1": 6, "Test": 4, "Meta": 2}, {"Test.csv": b"Width,ClassId,Path\n"},
        classes=("0", "1"), train=10, test=2, said="6 images in other folders (Meta, Test)",
    ),
    "Food-101": Published(
        {"food-101/images/pizza": 6, "food-101/images/sushi": 6}, {"food-101/meta/train.txt": b"pizza/000\n"},
        suffix="jpg", write=_as("JPEG"), classes=("pizza", "sushi"), train=10, test=2, said="food-101/images",
    ),
    "Stanford Dogs": Published(
        {"Images/n01-Chihuahua": 6, "Images/n02-Pug": 6}, {"Annotation/n01-Chihuahua/n01_1": b"<annotation>"},
        classes=("n01-Chihuahua", "n02-Pug"), train=10, test=2,
    ),
    "Tiny ImageNet": Published(
        {"t/train/n00/images": 4, "t/train/n01/images": 4, "t/val/images": 4, "t/test/images": 4},
        {"t/val/val_annotations.txt": _TINY, "t/train/n00/n00_boxes.txt": b"x"}, suffix="JPEG", write=_as("JPEG"),
        classes=("n00", "n01"), train=8, test=4, said="labels from val_annotations.txt",
    ),
    "Chest CT-Scan (Kaggle)": Published(
        {f"Data/{split}/{name}": n for split, n in (("train", 4), ("valid", 1), ("test", 2)) for name in ("a", "b")},
        classes=("a", "b"), train=8, test=4,
    ),
    "radiographs of 12 bits in 16": Published(
        {"normal": 6, "pneumonia": 6}, write=_twelve_bits, classes=("normal", "pneumonia"), train=10, test=2,
        said="values 16 to 4,000, scaled to 0 to 255",
    ),
    "reflectance as float TIFF": Published(
        {"crop": 6, "water": 6}, suffix="tif", write=_float, classes=("crop", "water"), train=10, test=2,
        said="values 0 to 1, scaled to 0 to 255",
    ),
    "tiles as JPEG 2000 (Sentinel)": Published(
        {"crop": 6, "water": 6}, suffix="jp2", write=_as("JPEG2000"), classes=("crop", "water"), train=10, test=2,
    ),
    "photos as AVIF, some as HEIC": Published(
        {"crop": 6, "water": 6}, {"crop/a.heic": b"x"}, suffix="avif", write=_as("AVIF"), classes=("crop", "water"),
        train=10, test=2, said="1 files that are no images (.heic)",
    ),
    "IDC histology (patients above classes)": Published(
        {"10253/0": 4, "10253/1": 4, "10254/0": 4, "10254/1": 4}, classes=("10253", "10254"), train=14, test=2,
        said="every class folder holds the folders 0, 1: if these are the classes, put them above",
    ),
    "MVTec AD": Published(
        {"bottle/train/good": 4, "bottle/test/good": 2, "bottle/test/broken": 2, "cable/train/good": 4,
         "cable/test/cut": 2}, refused="splits below its classes (bottle/test and bottle/train)",
    ),
    "HAM10000 (ISIC)": Published(
        {"HAM10000_images_part_1": 4, "HAM10000_images_part_2": 4}, {"HAM10000_metadata.csv": b""},
        refused="could be parts or classes; name splits train and test",
    ),
    "ChestX-ray14 (NIH)": Published(
        {"images_001/images": 4, "images_002/images": 4}, refused="images_001 and images_002 in",
    ),
    "competition without class folders": Published(
        {"train_images": 4, "test_images": 4}, {"train.csv": b"id,label\n"}, refused="could be splits or classes",
    ),
    "Cell Images for Malaria (Kaggle)": Published(
        {f"cell_images/{above}{name}": 6 for above in ("", "cell_images/") for name in ("Parasitized", "Uninfected")},
        classes=("Parasitized", "Uninfected"), train=10, test=2,
        said="12 images in other folders (cell_images/cell_images)",
    ),
    "a copy of the set under another name": Published(
        {"cats": 6, "dogs": 6, "old/cats": 6, "old/dogs": 6}, classes=("cats", "dogs", "old"), train=20, test=4,
        said="old holds folders with the names of other classes: remove it if it is a copy",
    ),
    "EMNIST letters": Published(
        {letter: 3 for letter in "abtvz"}, classes=tuple("abtvz"), train=10, test=5, said="left out: nothing",
    ),
    "Sign language letters": Published(
        {f"{split}/{letter}": n for split, n in (("train", 4), ("test", 2)) for letter in "AaTtVv"},
        classes=tuple("ATVatv"), train=24, test=12, said="(from train)",
    ),
    "NIST SD 19, by class": Published(
        {f"by_class/{name}/{part}": 3 for name in ("30", "31") for part in ("hsf_0", "hsf_1", f"train_{name}")},
        classes=("30", "31"), train=16, test=2, said="every class folder holds the folders hsf_0, hsf_1",
    ),
    "SUN397, Places365": Published(
        {"SUN397/a/abbey": 4, "SUN397/a/attic": 4, "SUN397/b/bakery/shop": 4, "SUN397/b/barn": 4},
        refused="hold folders that begin with them (a/abbey) and could be an index or classes",
    ),
    "CUB-200-2011": Published(
        {"CUB_200_2011/images/001.Albatross": 6, "CUB_200_2011/images/002.Auk": 6, "segmentations/001.Albatross": 6,
         "segmentations/002.Auk": 6}, {"CUB_200_2011/parts/parts.txt": b"x"},
        classes=("001.Albatross", "002.Auk"), train=10, test=2, said="12 images in other folders (segmentations)",
    ),
    "COVID-19 Radiography (Kaggle)": Published(
        {f"COVID-19/{name}/{kind}": 6 for name in ("COVID", "Normal") for kind in ("images", "masks")},
        classes=("COVID", "Normal"), train=10, test=2, said="12 masks of other images (masks)",
    ),
    "BUSI (breast ultrasound)": Published(
        {"Dataset_BUSI/benign": 6, "Dataset_BUSI/normal": 6},
        {f"Dataset_BUSI/{name}.png": b"" for name in ("benign/000_mask", "benign/000_mask_1", "normal/001_mask")},
        classes=("benign", "normal"), train=10, test=2, said="3 masks of other images (",
    ),
    "Kvasir-SEG": Published(
        {"images": 6, "masks": 6}, classes=("images", "masks"), train=10, test=2,
        said="images and masks could be images and their masks: a race would tell these apart",
    ),
    "Face Mask Detection (Kaggle)": Published(
        {"mask": 6, "no_mask": 6}, classes=("mask", "no_mask"), train=10, test=2, said="left out: nothing",
    ),
    "Rock Paper Scissors (TensorFlow)": Published(
        {"rps/paper": 4, "rps/rock": 4, "rps-test-set/paper": 2, "rps-test-set/rock": 2, "rps-validation": 3},
        classes=("paper", "rock"), train=8, test=4, said="3 images in other folders (rps-validation)",
    ),
    "Horse or Human (TensorFlow)": Published(
        {"horse-or-human/horses": 4, "horse-or-human/humans": 4, "validation-horse-or-human/horses": 2,
         "validation-horse-or-human/humans": 2}, classes=("horses", "humans"), train=8, test=4,
        said="(from validation-horse-or-human)",
    ),
    "NCT-CRC-HE (histology)": Published(
        {"NCT-CRC-HE-100K/ADI": 4, "NCT-CRC-HE-100K/TUM": 4, "CRC-VAL-HE-7K/ADI": 2, "CRC-VAL-HE-7K/TUM": 2},
        refused="CRC-VAL-HE-7K and NCT-CRC-HE-100K in",
    ),
    "iNaturalist 2021 mini": Published(
        {f"{split}/{name}": n for split, n in (("train_mini", 4), ("val", 2)) for name in ("00000_A", "00001_B")},
        classes=("00000_A", "00001_B"), train=8, test=4, said="(from train_mini)",
    ),
    "Office-31 (domains above classes)": Published(
        {f"{site}/images/{name}": 4 for site in ("amazon", "dslr") for name in ("bike", "mug")},
        classes=("amazon", "dslr"), train=14, test=2, said="every class folder holds the folders bike, mug",
    ),
    "PlantVillage (colour and grey)": Published(
        {f"plantvillage dataset/{kind}/{name}": 4 for kind in ("color", "grayscale") for name in ("Apple", "Corn")},
        classes=("color", "grayscale"), train=14, test=2, said="every class folder holds the folders Apple, Corn",
    ),
    "ForenSynths (CNNDetection)": Published(
        {f"{split}/{name}/{kind}": n for split, n in (("train", 4), ("val", 2)) for name in ("airplane", "bird")
         for kind in ("0_real", "1_fake")}, classes=("airplane", "bird"), train=16, test=8,
        said="every class folder holds the folders 0_real, 1_fake",
    ),
    "Blood Cell Images (Kaggle)": Published(
        {"dataset2-master/dataset2-master/images/TRAIN/EOS": 4, "dataset2-master/dataset2-master/images/TEST/EOS": 2,
         "dataset-master/dataset-master/JPEGImages": 4}, refused="splits below its classes (dataset2-master/dataset2",
    ),
    "GTSRB (the authors' archives)": Published(
        {"GTSRB/Final_Training/Images/00000": 6, "GTSRB/Final_Training/Images/00001": 6,
         "GTSRB/Final_Test/Images": 4}, {"GTSRB/Final_Test/Images/GT-final_test.csv": _GTSRB}, suffix="ppm",
        write=_as("PPM"), classes=("00000", "00001"), train=12, test=4, said="labels from GT-final_test.csv",
    ),
    "horse2zebra (CycleGAN)": Published(
        {"trainA": 4, "trainB": 4, "testA": 2, "testB": 2}, refused="could be splits or classes",
    ),
}  # fmt: skip
TABLES = {
    "MedMNIST, several configurations (Hub)": Published(
        tables={f"{name}/{split}-0.parquet": _rows(labels) for name, labels in
                (("blood", ["basophil", "monocyte"] * 6), ("path", ["mucus", "debris"] * 6))
                for split in ("train", "test")}, refused="have splits of their own and other classes",
    ),
    "configurations with the same classes (Hub)": Published(
        tables={f"{name}/{split}-0.parquet": _rows(labels) for name in ("2019", "2020")
                for split, labels in (("train", _EVEN), ("test", [0, 1]))},
        classes=("0", "1"), train=24, test=4, said="2019 and 2020 have splits of their own and are read as one set",
    ),
    "mnist (Hub)": Published(
        tables={"mnist/train-00000-of-00001.parquet": _rows(_EVEN), "mnist/test-00000-of-00001.parquet": _rows([0, 1])},
        classes=("0", "1"), train=12, test=2,
    ),
    "converted branch of the Hub": Published(
        tables={"default/partial-train/0000.parquet": _rows(_EVEN), "default/partial-test/0000.parquet": _rows([0, 1])},
        classes=("0", "1"), train=12, test=2, said="from default/partial-test/0000.parquet",
    ),
    "beans (Hub)": Published(
        tables={f"data/{split}-00000-of-00001.parquet": _rows(labels, "image", "labels", image_file_path="/x")
                for split, labels in (("train", _EVEN), ("validation", [0, 1, 1]), ("test", [0, 1]))},
        classes=("0", "1"), train=12, test=2, said="columns image and labels",
    ),
    "cifar100 (Hub)": Published(
        tables={"cifar100/train-0.parquet": _rows(_EVEN, "img", "fine_label", coarse_label=7)},
        classes=("0", "1"), train=10, test=2, said="columns img and fine_label",
    ),
    "pandas category": Published(
        tables={"pets.parquet": _plain(_CATEGORY, "image_bytes", "category")}, classes=("cat", "dog"), train=10, test=2,
    ),
    "string views (polars)": Published(
        tables={"pets.parquet": _plain(pa.array(["cat", "dog"] * 6, pa.string_view()), "image", "class_name")},
        classes=("cat", "dog"), train=10, test=2,
    ),
    "WebDataset as Parquet": Published(
        tables={"x-train-000.parquet": _plain(_EVEN, "jpg", "cls"), "x-dev-0.parquet": _plain([0, 1], "jpg", "cls")},
        classes=("0", "1"), train=12, test=2, said="from x-dev-0.parquet",
    ),
    "two columns that could be the label": Published(
        tables={"a.parquet": _rows(_EVEN, "image", "category", target=1)}, refused="call the right one label",
    ),
}  # fmt: skip
