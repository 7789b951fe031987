"""Make a set of samples: with trained weights, or by a method that needs none."""

from importlib import import_module
from pathlib import Path

from pathgan.jobs import device_of, job
from pathgan.sampling.sample_work import Pretrained, SampleWork
from pathgan.stores.source import Source

with job(snakemake):
    params = snakemake.params
    work = SampleWork(
        sources={name: Source.model_validate(source) for name, source in params.sources.items()},
        weights={output: Path(path) for output, path in params.weights.items()},
        seed=int(snakemake.wildcards.seed),
        out=Path(snakemake.output[0]),
        device=device_of(snakemake),
        threads=snakemake.threads,
        pretrained=Pretrained(params.network, Path(snakemake.input.pretrained), params.sha256)
        if params.network
        else None,
    )
    import_module(params.sampler).make(params.options, work)
