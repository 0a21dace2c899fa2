"""nbgrader in every user's server: where the exchange is, and which courses it shows (docs/jupyterhub.md)."""

import os

from nbgrader.auth import JupyterHubAuthPlugin

c = get_config()  # noqa: F821  # traitlets puts it there
c.Exchange.root = os.environ["GRADSCHOOL_EXCHANGE"]
c.Exchange.path_includes_course = True  # COURSE/CHAPTER in a student's folder
c.Authenticator.plugin_class = JupyterHubAuthPlugin  # courses by the hub's groups
