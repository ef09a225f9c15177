"""Cut the receipt fonts at set-up: the common signs into one small case, the rare ones into drawers behind it.

WeasyPrint copies and subsets every font that a document touches. Ten megabytes of Noto Sans SC cost 9 ms a receipt;
the case of common signs costs 2 ms, and a rare character adds the one drawer that holds it, 2 ms more.
"""

import hashlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from string import ascii_uppercase

from fontTools import subset
from fontTools.ttLib import TTFont

from portal.receipts import crediting, wording
from portal.receipts.fonts import FOLDER, HEADINGS, LATIN, SOURCES, STAMP, TEXT, WIDEST, FontsMissing, path_of
from portal.receipts.wording import fixed_signs

DRAWER_SIZE = 1000
"""Signs in one drawer: a receipt pays for the size of every drawer it opens, and a name seldom opens two."""

_NAME_SIGNS = (
    "婷琪昊妍璐瑶璇萱倩媛婕怡钰琦铭晖彬炜烨煜琰瑾瑜璟琛晗晟曦昕旻睿骏皓颢瀚泓淇滢潇漪濛沁汐沅湘芸茜莹菲蕾薇芷苡莞蓓荃昱晔晏"
    "炀煊焱熠珂珺琬玥琨玮珏珩琮璋嘉懿馨霏雯霖钊钧铄鑫锴骁骞麒麟翊翀翎羿喆梓芃邵闫阎隗逄覃谌佟佘仝郗郜郝郦邬邹邝缪楚岚嵘崟彧徽"
)
"""Signs that are rare in print and frequent in names."""

_STATEMENT_HEADINGS = "佣金对账单期末余额"
"""What statements set in bold; they stand above receipts, and a test there holds it against their wording."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A font file to be cut: its family as the style sheet names it, the signs and OpenType features it keeps."""

    family: str
    source: str
    signs: frozenset[int]
    features: tuple[str, ...] = ()


def cut_all() -> bool:
    """Cut every font that is missing or out of date; tell whether anything was cut. Same sources, same bytes.

    Raises:
        FontsMissing: a source file is not there.
    """
    stamp = _stamp()
    if STAMP.exists() and STAMP.read_text() == stamp:
        return False
    STAMP.parent.mkdir(parents=True, exist_ok=True)
    for old in STAMP.parent.iterdir():
        old.unlink()
    with ProcessPoolExecutor() as pool:
        list(pool.map(_write, _plan()))
    STAMP.write_text(stamp)
    return True


def _stamp() -> str:
    digest = hashlib.sha256(Path(__file__).read_bytes())
    digest.update("".join(sorted(fixed_signs())).encode())
    for name in SOURCES:
        path = FOLDER / name
        if not path.exists():
            raise FontsMissing(path)
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _plan() -> Iterator[Cut]:
    han, latin, hangul = (
        _signs_of(name) for name in ("NotoSansSC-Regular.ttf", "NotoSans-Regular.ttf", "NotoSansKR-Regular.ttf")
    )
    fixed = {ord(sign) for sign in fixed_signs()}
    # Quotes and the ellipsis are a full square wide in Noto Sans SC: names want the Latin ones.
    european = {*range(0x20, 0x500), *range(0x1E00, 0x1F00), 0x2013, 0x2014, 0x2212} & han
    kana = {*range(0x3000, 0x3100), *range(0xFF01, 0xFF5F)}
    common = (fixed | european | kana | _of_charset("gb2312", 0xB0, 0xD8) | set(map(ord, _NAME_SIGNS))) & han
    yield Cut(TEXT, "NotoSansSC-Regular.ttf", frozenset(common), ("kern",))
    bold = wording.heading_signs() | crediting.heading_signs() | set(_STATEMENT_HEADINGS)
    headings = set(map(ord, bold)) | set(range(0x20, 0x100))
    yield Cut(HEADINGS, "NotoSansSC-Bold.ttf", frozenset(headings & han), ("kern",))

    yield Cut(LATIN, "NotoSans-Regular.ttf", frozenset(latin), ("*",))
    rare = han - common - latin
    second = rare & _of_charset("gb2312", 0xA1, 0xF8)
    for name, signs in _drawers("LEB Han", second, rare - second):
        yield Cut(name, "NotoSansSC-Regular.ttf", frozenset(signs))
    korean = {
        sign for sign in hangul - han - latin if 0x1100 <= sign < 0x1200 or 0x3130 <= sign < 0x3190 or sign >= 0xA960
    }
    usual = korean & _of_charset("euc_kr", 0xB0, 0xC9)
    yield Cut("LEB Hangul", "NotoSansKR-Regular.ttf", frozenset(usual))
    for name, signs in _drawers("LEB Hangul", korean - usual):
        yield Cut(name, "NotoSansKR-Regular.ttf", frozenset(signs))
    for script in ("Thai", "Arabic", "Hebrew"):
        source = f"NotoSans{script}-Regular.ttf"
        yield Cut(f"LEB {script}", source, frozenset(_signs_of(source)), ("*",))


def _signs_of(source: str) -> set[int]:
    """List the signs of a published font, but for the few that are as long as a sentence: a name holds none."""
    with TTFont(FOLDER / source, lazy=True) as font:
        metrics, limit = font["hmtx"], font["head"].unitsPerEm * WIDEST / 1000
        return {sign for sign, glyph in font.getBestCmap().items() if metrics[glyph][0] <= limit}


def _of_charset(charset: str, first_row: int, after_row: int) -> set[int]:
    pairs = (bytes([row, cell]) for row in range(first_row, after_row) for cell in range(0xA1, 0xFF))
    return {ord(sign) for pair in pairs if (sign := pair.decode(charset, "ignore"))}


def _drawers(family: str, *shelves: set[int]) -> Iterator[tuple[str, list[int]]]:
    """Part signs into drawers, shelf by shelf, and name each by letters: a number would be read as a size."""
    letters = (first + second for first in ascii_uppercase for second in ascii_uppercase)
    for shelf in shelves:
        ordered = sorted(shelf)
        for at in range(0, len(ordered), DRAWER_SIZE):
            yield f"{family} {next(letters)}", ordered[at : at + DRAWER_SIZE]


def _write(cut: Cut) -> None:
    options = subset.Options()
    options.hinting = False
    options.notdef_outline = True
    options.recalc_timestamp = False
    # Vertical metrics and the like only make the file that each document copies longer.
    options.drop_tables += ["vhea", "vmtx", "BASE", "STAT", "DSIG", "gasp", "prep"]
    options.layout_features = list(cut.features)
    if not cut.features:
        options.drop_tables += ["GSUB", "GPOS", "GDEF"]
    font = subset.load_font(str(FOLDER / cut.source), options)
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=cut.signs)
    subsetter.subset(font)
    # One plain style a family, the bold one too: families are told apart by name alone, never by weight or language.
    names = {1: cut.family, 2: "Regular", 3: cut.family, 4: cut.family, 6: cut.family.replace(" ", "-")}
    table = font["name"]
    # Licence and copyright (0, 13, 14) stay as they came.
    table.names = [record for record in table.names if record.nameID in {0, 13, 14}]
    for name_id, text in names.items():
        table.setName(text, name_id, 3, 1, 0x409)
    font["OS/2"].usWeightClass = 400
    font.save(path_of(cut.family))
    font.close()


if __name__ == "__main__":
    cut_all()
