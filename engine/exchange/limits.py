"""The limits of files from elsewhere, in one place: what a file declares is held against them before it is decoded.

The largest sensible file of each kind fits: 64 runs of 64,000 steps with layer statistics, and the newest checkpoint of
each run of a race of ImageNet nets.
"""

#: Bytes of a whole file. Zip without its 64-bit form ends at 2 GiB.
MAX_FILE_BYTES = 2_000_000_000
#: Bytes of a file that a visitor sends to the page.
MAX_UPLOAD_BYTES = 100 * 1024**2
#: Members of an archive, and bytes of its table of contents and of its manifest.
MAX_MEMBERS = 20_000
MAX_DIRECTORY_BYTES = 4 * 1024**2
#: Bytes of one decoded member: a document, arrays of curves, layers or labs, or the tensors of a checkpoint.
MAX_DOCUMENT_BYTES = 16 * 1024**2
MAX_ARRAY_BYTES = 64 * 1024**2
MAX_TENSOR_BYTES = 512 * 1024**2
#: Bytes of all decoded members, and how many bytes each byte of the file may become. Curves become 2 to 4, texts 20.
MAX_TOTAL_BYTES = 4 * 1024**3
MAX_EXPANSION = 100
#: A small file may become so much, whatever its size.
FREE_BYTES = 1024**2

MAX_RACES = 200
#: Runs in one file, trials included.
MAX_RUNS_IN_FILE = 2_000
MAX_LAB_JOBS = 500
MAX_CURVES = 20_000
MAX_PROBES = 100_000
MAX_LAYERS = 20_000
MAX_ROWS = 10_000_000
#: Entries of a list in a document: changes, log entries, evaluations, checkpoints.
MAX_ENTRIES = 20_000
#: Colons, and brackets that open, of a document: each may become an object, or an error with its place. Commas: each
#: may become a value.
MAX_MARKS, MAX_COMMAS = 400_000, 2_000_000
#: Characters of a name, and of a sentence.
MAX_NAME, MAX_TEXT = 200, 2_000
#: Ghost lines: bytes of all files of one import, and of one record; files, and names looked through; columns or tags;
#: points of all chosen columns; lines beside one race, and points that are stored of one, extremes kept.
MAX_GHOST_BYTES = 256 * 1024**2
MAX_RECORD_BYTES = 16 * 1024**2
#: Bytes of a record that is looked into: larger ones hold pictures. Values of one record; letters of one row of a CSV.
MAX_SCALAR_BYTES = 1024**2
MAX_RECORD_VALUES = 10_000
MAX_ROW_LETTERS = 1024**2
MAX_EVENT_FILES, MAX_ENTRIES_SEEN = 64, 20_000
MAX_COLUMNS = 1_000
MAX_GHOST_POINTS = 2_000_000
MAX_GHOST_LINES, MAX_LINE_POINTS = 16, 2_000
#: The largest step of a ghost line.
MAX_GHOST_STEP = 10**9
#: Levels of a checkpoint's tree.
MAX_LEVELS = 12


def member_bytes(name: str) -> int:
    """Return how many bytes a decoded member of an archive may have."""
    if name.endswith(".json"):
        return MAX_DOCUMENT_BYTES
    return MAX_TENSOR_BYTES if "/checkpoints/" in name else MAX_ARRAY_BYTES


def expanded(file_bytes: int) -> int:
    """Return to how many bytes a file of so many bytes may be decoded."""
    return min(MAX_TOTAL_BYTES, FREE_BYTES + MAX_EXPANSION * file_bytes)
