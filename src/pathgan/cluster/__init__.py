"""What a job asks of the machine that it runs on, and what a scheduler must not get wrong."""
