"""Where everything lies: each path is spelled here, once, as a pattern of wildcards."""

from __future__ import annotations

BASE = "results/{preset}/{paper}"
STORE = f"{BASE}/data/{{dataset}}.h5"
MANIFEST = f"{BASE}/data/{{dataset}}.csv"
DATASET_COUNTS = f"{BASE}/data/{{dataset}}.counts.csv"
MODEL = f"{BASE}/models/{{run}}/seed{{seed}}/{{file}}"
SAMPLES = f"{BASE}/samples/{{samples}}/seed{{seed}}.h5"
COUNTS = f"{BASE}/counts/{{samples}}/seed{{seed}}.csv"
SEGMENTATION = f"{BASE}/segmentations/{{segmenter}}/seed{{seed}}/{{images}}.h5"
EMBEDDINGS_OF_DATASET = f"{BASE}/embeddings/{{network}}/data/{{dataset}}.h5"
EMBEDDINGS_OF_SAMPLES = f"{BASE}/embeddings/{{network}}/samples/{{samples}}/seed{{seed}}.h5"
EMBEDDINGS = f"{BASE}/embeddings/{{network}}/{{images}}.h5"  # of either: data/... or samples/...
EMBEDDED = f"{BASE}/{{images}}.h5"
SCORE = f"{BASE}/scores/{{run}}/seed{{seed}}/{{score}}.csv"
TABLE = f"{BASE}/tables/{{table}}.{{suffix}}"
FIGURE = f"{BASE}/figures/{{figure}}.{{suffix}}"
SCORECARD = "results/{preset}/scorecard.{suffix}"
PROVENANCE = f"{BASE}/provenance.html"
PAGE = "results/{preset}/index.html"  # over all papers
SLIDES = f"{BASE}/slides/{{slides}}"  # a folder of drawn ones
REGISTRATION = f"{BASE}/registrations/{{slides}}/{{slide}}.{{suffix}}"
PIECES = f"{BASE}/{{pieces}}/{{dataset}}/{{slide}}.{{suffix}}"  # tiles or cells of a slide
PAPER = "config/papers/{paper}.yaml"
READING = "readings/{preset}/{paper}"  # a folder: the page, its key, and answers of readers
CLAIMS = "config/claims/{paper}.yaml"
WEIGHTS_TABLE = "config/weights.yaml"
RECEIPT = "{archive}.fetched.json"  # of a download, in its folder below data_root


def fill(pattern: str, **names: object) -> str:
    """A pattern with some of its wildcards filled; the others stay."""
    for name, value in names.items():
        pattern = pattern.replace(f"{{{name}}}", str(value))
    return pattern


def log(rule: str, *wildcards: str) -> str:
    """The log of a rule's job."""
    return "/".join(["results/{preset}/logs/{paper}", rule, *wildcards]) + ".log"


def log_of_preset(rule: str) -> str:
    """The log of a job over all papers."""
    return f"results/{{preset}}/logs/{rule}.log"


def benchmark_of_preset(rule: str) -> str:
    """What it took."""
    return f"results/{{preset}}/benchmarks/{rule}.tsv"


def benchmark(rule: str, *wildcards: str) -> str:
    """What a rule's job took."""
    return "/".join(["results/{preset}/benchmarks/{paper}", rule, *wildcards]) + ".tsv"
