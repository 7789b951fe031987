"""Files that stages hand on: image stores, manifests, focus stacks, embeddings; every item of each has an id."""
