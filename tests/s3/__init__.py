"""Source files in S3: against moto, against SeaweedFS, and with faults between."""
