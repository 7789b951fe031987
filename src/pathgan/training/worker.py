"""One of several processes that train together, as `parallel.launch` starts them."""

from __future__ import annotations

import logging
import pickle
import sys
from pathlib import Path

import torch
import torch.distributed as dist

from pathgan.errors import PathganError


def main() -> None:
    """Calls what the file named in the command line holds; an error that we raise becomes one line."""
    dist.init_process_group("cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo")
    log, function, arguments = pickle.loads(Path(sys.argv[1]).read_bytes())  # noqa: S301 - written by `launch`
    level = logging.WARNING if dist.get_rank() else logging.INFO
    logging.basicConfig(filename=log, level=level, format="%(asctime)s %(name)s: %(message)s")
    try:
        function(*arguments)
    except PathganError as error:
        logging.getLogger(__name__).exception("failed")
        print(f"pathgan, process {dist.get_rank()}: {error}", file=sys.stderr)
        sys.exit(1)
    finally:
        dist.destroy_process_group()


if __name__ == "__main__":
    main()
