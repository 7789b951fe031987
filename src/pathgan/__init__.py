"""Papers on GAN-synthesized pathology images, reproduced from images to tables."""

__version__ = "0.1.0"
