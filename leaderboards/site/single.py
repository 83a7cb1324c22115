"""A site folder as one HTML file, to mail or to attach: pages, data and sound included.

Every page but the front one is a ``<template>``, every data file a block of text that no browser
runs, every sound a block in base64; ``assets/single.js`` shows what the address names.  The policy
in the head allows this file's own script and style by their hashes, and nothing else.
"""

from __future__ import annotations

import base64
import hashlib
import html
import posixpath
import re
from pathlib import Path

from s2st_bench.errors import UsageError
from s2st_bench.store import write_atomically

MAX_MB = 25.0
"""What most mail takes."""
_LINK = re.compile(r'href="([^"#:]*)(?:#([^"]*))?"')
_SCRIPT = re.compile(r'<script src="(?:\.\./)?assets/([a-z]+\.js)" defer>')
_TITLE = re.compile(r"<title>(.*?)</title>", re.S)


def single_file(site: Path, out: Path, max_mb: float = MAX_MB) -> Path:
    """Write the site in ``site`` to the file ``out``.

    Raises
    ------
    UsageError
        It would be larger than ``max_mb`` million bytes, or ``out`` cannot be written.
    """
    if not max_mb > 0:
        raise UsageError(f"--max-mb {max_mb}: must be above 0")
    sounds = sorted(site.glob("audio/*"))
    n_sound = sum(-(-path.stat().st_size // 3) * 4 for path in sounds)
    if n_sound > max_mb * 1e6:
        raise _too_large(n_sound, n_sound, max_mb)
    text = _document(site, sounds)
    size = len(text.encode("utf-8"))
    if size > max_mb * 1e6:
        raise _too_large(size, n_sound, max_mb)
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(out, text)
    except OSError as error:
        raise UsageError(f"{out}: cannot be written ({error.strerror})") from None
    return out


def _too_large(size: int, n_sound: int, max_mb: float) -> UsageError:
    return UsageError(
        f"--single-file: the board would be {size / 1e6:.1f} MB, {n_sound / 1e6:.1f} MB of it "
        f"sound, over --max-mb {max_mb:g}; raise it, give less --audio-s, or leave out "
        "--single-file")


def _document(site: Path, sounds: list[Path]) -> str:
    front = (site / "index.html").read_text("utf-8")
    script, style = _script(site), (site / "assets" / "board.css").read_text("utf-8")
    policy = (f"default-src 'none'; script-src '{_hash(script)}'; style-src '{_hash(style)}'; "
              "media-src blob:; img-src data:; base-uri 'none'; form-action 'none'")
    pages = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    templates = [_template(site, page) for page in pages if page != "index.html"]
    data = [f'<script type="text/plain" data-held="{path.stem}">{path.read_text("ascii")}</script>'
            for path in sorted(site.glob("data/r/*.js"))]
    blocks = [f'<script type="text/plain" data-sound="audio/{path.name}">'
              f"{base64.b64encode(path.read_bytes()).decode('ascii')}</script>" for path in sounds]
    return "\n".join([
        '<!doctype html>', '<html lang="en">', "<head>", '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
        '<meta name="color-scheme" content="light dark">',
        '<meta name="referrer" content="no-referrer">',
        f"<title>{_title(front)}</title>", '<link rel="icon" href="data:,">',
        f"<style>{style}</style>", "</head>", "<body>",
        '<a class="skip" href="#main">Skip to the content</a>',
        f'<div id="page" data-scripts="{_scripts(front)}">', _body(front, "index.html"), "</div>",
        _footer(front), *templates, *data, *blocks, f"<script>{script}</script>", "</body>",
        "</html>", "",
    ])


def _template(site: Path, page: str) -> str:
    text = (site / page).read_text("utf-8")
    return (f'<template data-page="{page}" data-title="{html.escape(html.unescape(_title(text)))}" '
            f'data-scripts="{_scripts(text)}">{_body(text, page)}</template>')


def _script(site: Path) -> str:
    """All scripts as functions; the first says which of them the page asks for."""
    assets = site / "assets"
    functions = [f'  "{path.name}": () => {{\n{path.read_text("utf-8")}}},'
                 for path in sorted(assets.glob("*.js")) if path.name != "single.js"]
    text = "\n".join([
        (assets / "single.js").read_text("utf-8"), "{", "const known = {", *functions, "};",
        "for (const name of window.S2ST.scripts()) known[name]();", "}", ""])
    if "</script" in text.lower():
        raise ValueError("a script of the board's own would end its block early")
    return text


def _hash(text: str) -> str:
    """As a policy names an inline script or style."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()


def _scripts(page: str) -> str:
    return " ".join(_SCRIPT.findall(page))


def _title(page: str) -> str:
    found = _TITLE.search(page)
    return found[1].strip() if found else ""


def _body(page: str, name: str) -> str:
    """Head line and content, links turned into addresses of this file."""
    content = page[page.index('<header class="top">'):page.rindex("</main>") + len("</main>")]

    def address(match: re.Match[str]) -> str:
        path, fragment = match[1], match[2]
        whole = posixpath.normpath(posixpath.join(posixpath.dirname(name), path)) if path else name
        rest = fragment if fragment and "=" in fragment else f"at={fragment}" if fragment else ""
        return f'href="#page={whole}{"&amp;" if rest else ""}{rest}"'

    return _LINK.sub(address, content)


def _footer(page: str) -> str:
    return page[page.rindex("<footer>"):page.rindex("</footer>") + len("</footer>")]
