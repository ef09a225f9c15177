"""Copy what is served and what receipts are set in from node_modules into portal/static: an exact table.

Run by `make`; only the standard library is used. To serve another file or icon, add a line here.
"""

import gzip
import shutil
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NODE_MODULES = ROOT / "node_modules"
STATIC = ROOT / "portal" / "static"

VENDOR_FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler/tabler.min.css",
    "htmx.org/dist/htmx.min.js": "htmx/htmx.min.js",
    "html5-qrcode/html5-qrcode.min.js": "html5-qrcode/html5-qrcode.min.js",
    "uplot/dist/uPlot.iife.min.js": "uplot/uPlot.iife.min.js",
    "uplot/dist/uPlot.min.css": "uplot/uPlot.min.css",
}
ICONS = (
    *("adjustments-horizontal", "alert-circle", "alert-triangle", "arrow-back-up", "arrow-left"),
    *("arrow-right", "arrow-up-right", "ban", "barcode", "bolt", "book", "building-store", "calendar"),
    *("camera", "chart-line", "check", "chevron-down", "chevron-left", "chevron-right", "circle-check"),
    *("circle-dashed", "circle-x", "clipboard-list", "clock", "copy", "credit-card", "device-sim", "dots"),
    *("download", "external-link", "eye", "file-spreadsheet", "file-text", "filter", "history", "home"),
    *("hourglass", "inbox", "info-circle", "key", "language", "list", "list-check", "lock", "login"),
    *("logout", "mail", "map-pin", "menu-2", "moon", "package", "pencil", "phone", "plug-connected-x"),
    *("plus", "printer", "qrcode", "question-mark", "receipt", "refresh", "report-money", "scan", "search"),
    *("send", "settings", "shield-check", "stack-2", "sun", "trash", "upload", "user", "users", "wallet"),
    *("world", "x"),
)
FONT_FILES = {
    "noto-sans/400Regular/NotoSans_400Regular.ttf": "NotoSans-Regular.ttf",
    "noto-sans-arabic/400Regular/NotoSansArabic_400Regular.ttf": "NotoSansArabic-Regular.ttf",
    "noto-sans-hebrew/400Regular/NotoSansHebrew_400Regular.ttf": "NotoSansHebrew-Regular.ttf",
    "noto-sans-kr/400Regular/NotoSansKR_400Regular.ttf": "NotoSansKR-Regular.ttf",
    "noto-sans-sc/400Regular/NotoSansSC_400Regular.ttf": "NotoSansSC-Regular.ttf",
    "noto-sans-sc/700Bold/NotoSansSC_700Bold.ttf": "NotoSansSC-Bold.ttf",
    "noto-sans-thai/400Regular/NotoSansThai_400Regular.ttf": "NotoSansThai-Regular.ttf",
}


def table() -> dict[Path, Path]:
    """Return every file to copy: where npm put it, and where it is served or read from."""
    icons = {f"@tabler/icons/icons/outline/{name}.svg": f"icons/{name}.svg" for name in ICONS}
    fonts = {f"@expo-google-fonts/{source}": target for source, target in FONT_FILES.items()}
    return {
        **{NODE_MODULES / source: STATIC / "vendor" / to for source, to in (VENDOR_FILES | icons).items()},
        **{NODE_MODULES / source: STATIC / "fonts" / to for source, to in fonts.items()},
    }


def copy() -> None:
    """Copy what has changed; scripts and styles get a `.gz` beside them, which WhiteNoise serves."""
    for source, target in table().items():
        if _is_same(source, target):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(source, target)
        if target.suffix in {".css", ".js"}:
            packed = gzip.compress(target.read_bytes(), compresslevel=9, mtime=0)
            target.with_name(f"{target.name}.gz").write_bytes(packed)


def _is_same(source: Path, target: Path) -> bool:
    """Compare by size and time, which `copy2` keeps: the fonts are too large to read on every start."""
    if not target.exists():
        return False
    ours, theirs = target.stat(), source.stat()
    return (ours.st_size, int(ours.st_mtime)) == (theirs.st_size, int(theirs.st_mtime))


if __name__ == "__main__":
    copy()
