"""The config of the images that a run trains on."""

from pydantic import Field, field_validator

from engine.config.base import Config

#: Training images whose error is measured where a run ends, at least: with 5,000 the sampling error of an error of
#: 20 % is 0.6 points, with the 1,000 of the live subset 1.3.
CLOSING_IMAGES = 5_000


def utf8_problem(name: str) -> str:
    """Return one line about a name that is not valid UTF-8, '' for a valid one.

    Python keeps other bytes of file names as surrogates; databases, JSON and pages cannot hold surrogates.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        escaped = (letter if letter.isprintable() else letter.encode("unicode_escape").decode() for letter in name)
        return f"{''.join(escaped)} is not valid UTF-8; rename it"
    return ""


class DataConfig(Config):
    """The images and their processing before the net.

    ``name`` is a registered name, ``folder:PATH`` or ``parquet:PATH``. ``resize`` scales the shorter side of a path's
    images to so many pixels, with antialiasing, and crops the centre (0: no scaling). ``pool`` averages pool x pool
    pixels. ``crop`` is the zero padding of the random crop in pixels (0: no crop). ``flip`` mirrors half of the images.
    ``eval_images`` is the size of each fixed live-evaluation subset, ``closing_images`` that of the training subset
    where a run ends. ``validation`` images of the training set are a split of their own, left out of training and mean
    (5000 for the paper's 45k/5k split).
    """

    name: str = "fashion-mnist-mini"
    resize: int = Field(0, ge=0, le=512)
    pool: int = Field(1, ge=1, le=16)
    crop: int = Field(4, ge=0, le=16)
    flip: bool = True
    eval_images: int = Field(1000, ge=1, le=100_000)
    validation: int = Field(0, ge=0, le=1_000_000)

    @property
    def closing_images(self) -> int:
        """Training images that are measured where a run ends, if there are so many."""
        return max(self.eval_images, CLOSING_IMAGES)

    @field_validator("name")
    @classmethod
    def _text(cls, name: str) -> str:
        if problem := utf8_problem(name):
            raise ValueError(problem)
        return name

    @field_validator("resize")
    @classmethod
    def _none_or_enough(cls, resize: int) -> int:
        if 0 < resize < 4:
            raise ValueError(f"data.resize is 0 (images as they are) or at least 4 (got {resize})")
        return resize
