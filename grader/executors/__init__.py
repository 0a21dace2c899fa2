"""Running many notebooks at once: worker processes of this machine, or a Dask cluster."""
