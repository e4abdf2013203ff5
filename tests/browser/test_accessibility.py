"""Every page is accessible, light and dark."""

from axe import OF_COLOR, violations


def test_page_has_no_violation(desk):
    assert violations(desk.page) == []
    desk.switch_to("dark")
    assert violations(desk.page, OF_COLOR) == []


def test_a_violation_would_be_found(page_at):
    page = page_at("index.html").page
    page.evaluate("document.querySelector('main').append(document.createElement('img'))")
    assert any(found.startswith("image-alt") for found in violations(page))


def test_a_pale_word_would_be_found_in_the_dark_alone(page_at):
    visit = page_at("index.html", theme="light")
    visit.page.add_style_tag(content="[data-theme=dark] main p { color: #555 }")
    assert violations(visit.page, OF_COLOR) == []
    visit.switch_to("dark")
    assert any(found.startswith("color-contrast") for found in violations(visit.page, OF_COLOR))


def test_a_pale_word_of_code_is_found_behind_one_that_is_not_seen(page_at):
    page = page_at("index.html").page
    page.evaluate(
        """() => document.querySelector("main").insertAdjacentHTML("afterbegin", `
          <pre><span class="a"> </span> <span class="a" style="">pale</span></pre>
          <details><pre><span class="b">hidden</span></pre></details>
          <pre><span class="b">pale</span></pre>
          <pre><span class="c">dark</span></pre><pre id="ground"><span class="c">dark</span></pre>
          <style>
            pre .a, pre .b { color: #ddd !important } pre .c { color: #222 !important }
            #ground { background: #333 !important }
          </style>`)"""
    )
    found = [line for line in violations(page, OF_COLOR) if "class=" in line]
    assert sum('class="a"' in line for line in found) == 1
    assert sum('class="b"' in line for line in found) == 1
    assert sum('class="c"' in line for line in found) == 1


def test_a_pale_word_of_code_would_be_found_once(page_at):
    visit = page_at("chapters/transposed-convolution.html")
    assert violations(visit.page, OF_COLOR) == []
    visit.page.add_style_tag(content="pre .n { color: #ddd !important }")
    found = violations(visit.page, OF_COLOR)
    assert found
    assert len(found) < visit.page.locator("pre .n").count() / 10
    assert visit.page.locator("pre span[style*=visibility]").count() == 0
