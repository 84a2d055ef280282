"""Who is measured: bundles, files of others, the reference, peers, other sizes."""
