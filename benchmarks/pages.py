"""What a page weighs: the bytes of its own, and those that all pages share and a browser fetches once.

Of the page's own: its text, its pictures and the widgets' script and styles. Shared: the theme and MathJax. The limit
is 1.5 MB of its own; the tests hold it, and here the margin is seen. The book must have been built.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "browser"))

from chromium import FLAGS, find_chromium
from playwright.sync_api import sync_playwright
from visits import OWN_WEIGHT_LIMIT, SITE, Visit, contents, serving

from benchmarks.command import parser
from segviz.lessons.tables import Table


def main() -> None:
    parser(__doc__).parse_args()
    if not (SITE / "index.html").exists():
        sys.exit("the book is not built: make book")
    rows, chromium = [], find_chromium()
    with sync_playwright() as playwright, serving(SITE) as address:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        for path in contents():
            visit = Visit(path, browser.new_context().new_page(), address).open()
            own, everything = visit.own_weight(), sum(visit.weights.values())
            rows.append((path, own, everything - own))
            visit.page.context.close()
        browser.close()
    columns = {
        "page": [path for path, _, _ in rows],
        "own KB": [f"{own / 1000:.0f}" for _, own, _ in rows],
        "of the limit": [f"{own / OWN_WEIGHT_LIMIT:.0%}" for _, own, _ in rows],
        "shared KB": [f"{shared / 1000:.0f}" for _, _, shared in rows],
    }
    print(Table(columns))
    if any(own > OWN_WEIGHT_LIMIT for _, own, _ in rows):
        sys.exit(f"over {OWN_WEIGHT_LIMIT:,} bytes")


if __name__ == "__main__":
    main()
