"""A notebook as it is saved after its cells ran in a kernel, made without one, and what its readers see of it."""

import ipywidgets
import nbformat
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, output_from_msg

from segviz.widgets import ConvolutionExplorer, Question

STATE = "application/vnd.jupyter.widget-state+json"
OPTIONS = [{"text": text, "reply": f"So you say {text}."} for text in ("yes", "no")]


def saved_notebook() -> nbformat.NotebookNode:
    """A formula, an explorer and a question: each with its live form and the one beneath, and the widgets' state."""
    figures = [ConvolutionExplorer(stride=2), Question(question="Is it linear?", options=OPTIONS)]
    shell, cells = InteractiveShell.instance(), [new_markdown_cell("# Sizes\n\n$y = \\color{#0067a3}{C} x$")]
    for figure in figures:
        with capture_output() as captured:
            shell.display_formatter.format(figure)
        shown = [{"data": one.data, "metadata": one.metadata or {}, "transient": {}} for one in captured.outputs]
        outputs = [output_from_msg({"header": {"msg_type": "display_data"}, "content": one}) for one in shown]
        cells.append(new_code_cell("figure", outputs=outputs))
    InteractiveShell.clear_instance()
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    state = ipywidgets.Widget.get_manager_state()
    return new_notebook(cells=cells, metadata={"kernelspec": kernel, "widgets": {STATE: state}})


def falls_back(page) -> bool:
    """Each figure shows its picture with its sentence, and a question its options behind which the answers fold."""
    picture, question = page.locator(".sv-fallback img"), page.locator(".qu-fallback")
    return (
        picture.is_visible()
        and picture.bounding_box()["height"] > 100
        and page.get_by_text(ConvolutionExplorer(stride=2).description()).first.is_visible()
        and question.locator("li").count() == 2
        and question.locator("summary").is_visible()
    )
