"""Five papers on GAN-synthesized pathology images, reproduced from slides to tables."""

__version__ = "0.1.0"
