"""What every test shares: settings from a clean environment, whatever the developer's own .env says."""

import os

os.environ["ENV_FILE"] = ""
