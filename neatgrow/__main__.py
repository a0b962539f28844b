"""``python -m neatgrow`` is the command line."""

import sys

from neatgrow.cli import main

sys.exit(main())
