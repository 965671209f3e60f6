"""The limits of data from elsewhere, in one place: what a file declares is held against them before it is decoded.

The largest sensible set of each kind fits: ImageNet with all its classes, photographs of 50 million pixels, Parquet
files of 1,024 photographs a page. Command line, worker and page take the same.
"""

MIB = 1024**2

#: Pixels of one image that are decoded; a baseline JPEG file counts at the size that it is shrunk to.
MAX_PIXELS = 50_000_000
#: Pixels of one image whose decoder is slow, or takes several times the memory of the others.
MAX_HEAVY_PIXELS = 8_000_000
#: Time in which one image is decoded whose decoder is written in Python: ``engine.data.files.decoders.speed``.
MAX_DECODING_NS = 2_500_000_000
#: Scans of a JPEG file each of which goes over all pixels, and pixels of all of them; encoders make about ten scans.
MAX_SCANS = 100
MAX_SCANNED_PIXELS = 1_000_000_000
#: Comments in an image whose pixels are text, and strips or tiles of a TIFF file, or its other numbers together.
MAX_COMMENTS = 1_000
MAX_STRIPS = 250_000
#: Parts of an image that are read before its pixels, lines where it is text (one for each colour of XPM), and bytes; a
#: segment of JPEG with content is read in four parts, a chunk of PNG in three. And parts that are read with its pixels:
#: two for each strip. A decoder that is written in Python reads by the byte: a run of one pixel is two parts, and the
#: end of its row two more.
MAX_PARTS = 6_000
MAX_LINES = 100_000
MAX_PARTS_BYTES = 8 * MIB
MAX_PIXEL_PARTS = 600_000
PARTS_OF_PIXEL = 4
#: Bytes of one encoded image, and of one that holds a second compressed file.
MAX_IMAGE_BYTES = 128 * MIB
MAX_DOUBLY_PACKED_BYTES = MIB // 4
#: And of a JPEG 2000 file, whose decoder takes 160 ns for a byte.
MAX_JPEG2000_BYTES = 16 * MIB
#: Bytes that all threads together may take for pixels at a time: one image of the most pixels fits.
MAX_DECODING_BYTES = 450_000_000
#: Encoded bytes that wait to be decoded, over all threads.
MAX_WAITING_BYTES = 64 * MIB

#: Files and folders that are looked through below a path, and how deep folders lie below each other.
MAX_ENTRIES = 5_000_000
MAX_DEPTH = 256
#: Bytes and lines of a list of labels; a larger file is none.
MAX_LIST_BYTES = 64 * MIB
MAX_LIST_LINES = 5_000_000

#: Bytes of the footer of a Parquet file, entries of one of its lists, structs (six or so for each column of each row
#: group) and values of all of it, and bytes of the names of classes beside it.
MAX_FOOTER_BYTES = 16 * MIB
MAX_FOOTER_LIST = 100_000
MAX_FOOTER_STRUCTS = 200_000
MAX_FOOTER_VALUES = 1_000_000
MAX_NAMES_BYTES = 4 * MIB
#: Rows of all files, and of one: each byte of a file may stand for a row, and so many more are free.
MAX_ROWS = 20_000_000
FREE_ROWS = 100_000
#: Bytes of one decoded page, how many bytes each byte of a page may become, and how many more are free.
MAX_PAGE_BYTES = 512 * MIB
MAX_EXPANSION = 100
FREE_PAGE_BYTES = 16 * MIB
#: Pages of one column in one row group, and bytes of the head of a page.
MAX_PAGES = 20_000
MAX_PAGE_HEAD_BYTES = MIB
#: Bytes that are decoded at a time; where one value may be larger, a value at a time.
MAX_BATCH_BYTES = 32 * MIB
#: Classes, and letters of the name of one.
MAX_CLASSES = 10_000
MAX_CLASS_NAME = 1_000
#: Letters of a refusal: a path has at most 4,096, and is named twice at the most.
MAX_LINE = 10_000


def max_rows(file_bytes: int) -> int:
    """Return how many rows a Parquet file of so many bytes may have."""
    return min(MAX_ROWS, FREE_ROWS + file_bytes)


def max_page_bytes(compressed: int) -> int:
    """Return to how many bytes a page of so many bytes may be decoded."""
    return min(MAX_PAGE_BYTES, FREE_PAGE_BYTES + MAX_EXPANSION * compressed)
