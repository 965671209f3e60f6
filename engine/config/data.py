"""Which images a run trains on, as data."""

from pydantic import Field

from engine.config.base import Config


class DataConfig(Config):
    """Which images, and what is done to them before the net.

    ``pool`` averages pool x pool pixels; ``crop`` is the zero padding of the random crop in pixels (0: no crop);
    ``flip`` mirrors half of the images; ``eval_images`` is the size of each fixed live-evaluation subset;
    ``validation`` images of the training set are held out, neither trained on nor part of the mean (the paper's
    45k/5k split: 5000), and measured as a split of their own.
    """

    name: str = "fashion-mnist-mini"
    pool: int = Field(1, ge=1, le=16)
    crop: int = Field(4, ge=0, le=16)
    flip: bool = True
    eval_images: int = Field(1000, ge=1, le=100_000)
    validation: int = Field(0, ge=0, le=1_000_000)
