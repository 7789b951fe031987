"""Errors that a user can act on: each message names the file or key, what was expected, what came."""


class PathganError(Exception):
    """Base of every error that pathgan raises on purpose; the message is all that a user needs."""


class ConfigError(PathganError):
    """A configuration file is wrong."""


class DataError(PathganError):
    """An image, mask, manifest or archive is damaged, missing, or not what its dataset promises."""


class TrainingError(PathganError):
    """Training cannot go on: a loss is not finite, the output is held by another job, the disk is full."""


class TableError(PathganError):
    """A table or figure lacks one of its inputs."""


class ClusterError(PathganError):
    """The scheduler is absent, or cannot run what is about to be submitted."""


class UnreadableError(PathganError):
    """A file is there and cannot be read, so that nothing can be said of it."""


class ProvenanceError(PathganError):
    """A record, a lock or a bundle is damaged or of another version, or what it is about is not there."""
