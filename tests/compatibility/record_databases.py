"""Record what a commit says of stored databases: ``python -m tests.compatibility.record_databases b8fb8a5``."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.compatibility.databases import PAUSED, VERSIONS, copied, resumed, shown
from tests.compatibility.fields import masked, write
from tests.compatibility.tree import platform, tree_of

if __name__ == "__main__":
    (reference,) = sys.argv[1:]
    found = {}
    with tree_of(reference) as tree:
        for version in VERSIONS:
            with TemporaryDirectory(prefix="skipscope-old-") as folder:
                workspace = copied(version, Path(folder).resolve())
                found[version] = shown(tree, workspace)
                row = resumed(tree, workspace, PAUSED[version])
                found[version]["resumed run"] = masked({"resumed run": row})["resumed run"]
    write("databases.json", {"commit": reference, "platform": platform(), "databases": found})
