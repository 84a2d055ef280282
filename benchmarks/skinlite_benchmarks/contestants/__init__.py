"""Who is measured: bundles, the reference, peers, other sizes."""
