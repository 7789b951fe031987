"""What is made with trained networks, or without any: samples, segmentations, embeddings."""
