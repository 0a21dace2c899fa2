"""Figures that follow a reader's controls, in JupyterLab (anywidget) and on a plain page, from the same JavaScript."""
